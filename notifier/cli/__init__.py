# SPDX-License-Identifier: Apache-2.0
"""The command `notifier`: publish, tail and check."""

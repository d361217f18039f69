# SPDX-License-Identifier: Apache-2.0
"""The stories of users, from the outside."""

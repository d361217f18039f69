# SPDX-License-Identifier: Apache-2.0
"""A listener's `when`: YAQL over an event's data, under limits."""

# SPDX-License-Identifier: Apache-2.0
"""What is kept: listeners, events, deliveries and attempts, in SQL."""

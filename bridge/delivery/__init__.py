# SPDX-License-Identifier: Apache-2.0
"""From a matched event to a recorded outcome: lanes, attempts, retries."""

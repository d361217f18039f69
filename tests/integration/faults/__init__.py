# SPDX-License-Identifier: Apache-2.0
"""What happens when something is killed, frozen, full or away."""

# SPDX-License-Identifier: Apache-2.0
"""What happens when a bridge is killed, or what reaches it is broken."""

# SPDX-License-Identifier: Apache-2.0
"""What happens to a bridge when it, its broker or its database is killed, frozen or full."""

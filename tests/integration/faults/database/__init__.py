# SPDX-License-Identifier: Apache-2.0
"""What happens to a bridge when its database is killed, frozen, full or away."""

# SPDX-License-Identifier: Apache-2.0
"""Messages off the bus, decoded, routed, and acked once they are recorded."""

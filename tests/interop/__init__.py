# SPDX-License-Identifier: Apache-2.0
"""What the bridge sends and says, read by somebody else's code."""

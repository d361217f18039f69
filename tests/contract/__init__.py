# SPDX-License-Identifier: Apache-2.0
"""What every implementation behind a seam must do."""

# SPDX-License-Identifier: Apache-2.0
"""What is shipped to be installed: wheel, image, compose file, CI, alert rules."""

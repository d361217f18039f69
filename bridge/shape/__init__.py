# SPDX-License-Identifier: Apache-2.0
"""How a listener is written down in JSON, and how it is shown."""

# SPDX-License-Identifier: Apache-2.0
"""How a listener is written down, in JSON or in a workbook, and how it is shown."""

# SPDX-License-Identifier: Apache-2.0
"""Callbacks that are written in a workbook, or told piece by piece, as listeners."""

# SPDX-License-Identifier: Apache-2.0
"""The page in a real Chromium; run by ``make test-browser``."""

# SPDX-License-Identifier: Apache-2.0
"""Tests with a real Mistral: ``make test-mistral``; ``make test`` leaves them alone."""

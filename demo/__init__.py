# SPDX-License-Identifier: Apache-2.0
"""The product doing its job, in one run: ``make demo``."""

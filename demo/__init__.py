# SPDX-License-Identifier: Apache-2.0
"""The product doing its job, in one run: ``make demo``."""

import warnings

# TaskFlow looks for eventlet, which tells of its own end wherever it is installed.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

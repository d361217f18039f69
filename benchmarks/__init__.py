# SPDX-License-Identifier: Apache-2.0
"""What things cost, measured: ``python -m benchmarks.<name>``."""

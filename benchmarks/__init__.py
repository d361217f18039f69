# SPDX-License-Identifier: Apache-2.0
"""What things cost, measured: ``python -m benchmarks.<name>``.

``python -m benchmarks``, or ``make bench``, sets the bridge beside its peers: `contenders`
says who takes part, `measuring` lets one of them work, `rounds` says what counts, `table`
and `page` tell it.
"""

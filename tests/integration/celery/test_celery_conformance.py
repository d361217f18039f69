# SPDX-License-Identifier: Apache-2.0
"""The adapter for Celery keeps what every adapter has to, on a real worker that forks."""

import pytest

from notifier.engines.conformance import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_celery_conforms(check, bench):
    check(bench)

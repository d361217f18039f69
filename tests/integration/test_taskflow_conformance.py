# SPDX-License-Identifier: Apache-2.0
"""The adapter for TaskFlow keeps what every adapter has to, on the real engine."""

import pytest

from notifier.engines.conformance import CHECKS, Bench, HttpBus
from tests.conforming import TaskFlowEngine


@pytest.fixture(scope="module")
def bench():
    with HttpBus() as bus, bus.notifier() as notifier:
        engine = TaskFlowEngine(notifier, engine="parallel", max_workers=4)
        yield Bench(engine, bus)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_taskflow_conforms(check, bench):
    check(bench)

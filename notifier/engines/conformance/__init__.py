# SPDX-License-Identifier: Apache-2.0
"""What every adapter has to keep to, whoever wrote it, tried on its real engine.

An adapter's author writes an `Engine`, which runs the pieces of `Work` that it is given,
and lets the checks look at what came over the bus::

    import pytest
    from notifier.engines.conformance import CHECKS, Bench, HttpBus

    @pytest.fixture(scope="module")
    def bench():
        with HttpBus() as bus, MyEngine(bus.url) as engine:
            yield Bench(engine, bus)

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_adapter_conforms(check, bench):
        check(bench)

Without pytest, ``verify(bench)`` runs all of them.
"""

from notifier.engines.conformance.bench import Bench, Engine, Ran, Told
from notifier.engines.conformance.bus import Bus, HttpBus, State
from notifier.engines.conformance.checks import CHECKS, Check, verify
from notifier.engines.conformance.verdict import NonConformance
from notifier.engines.conformance.work import (
    PROJECT,
    SECRET,
    TIMEOUT,
    WORKBOOK,
    Work,
    perform,
)

__all__ = [
    "CHECKS",
    "PROJECT",
    "SECRET",
    "TIMEOUT",
    "WORKBOOK",
    "Bench",
    "Bus",
    "Check",
    "Engine",
    "HttpBus",
    "NonConformance",
    "Ran",
    "State",
    "Told",
    "Work",
    "perform",
    "verify",
]

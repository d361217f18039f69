# SPDX-License-Identifier: Apache-2.0
"""Rates, from two readings of what a bridge has counted."""

import pytest

from bridge.cli.gauging import Rates, Reading, between, read
from bridge.telemetry import Telemetry

TEXT = """\
# TYPE notifier_bridge_events_total counter
notifier_bridge_events_total{kind="task"} 30.0
notifier_bridge_events_total{kind="execution"} 10.0
notifier_bridge_attempts_total{callback="http",outcome="succeeded"} 15.0
notifier_bridge_attempts_total{callback="amqp",outcome="succeeded"} 4.0
notifier_bridge_attempts_total{callback="http",outcome="failed"} 1.0
notifier_bridge_in_flight_attempts 3.0
notifier_bridge_listeners 7.0
notifier_bridge_open_breakers 1.0
"""


def test_metrics_are_summed_up():
    assert read(TEXT, 5.0) == Reading(
        at=5.0,
        events=40,
        attempts=20,
        succeeded=19,
        in_flight=3,
        listeners=7,
        resting=1,
    )


def test_a_bridge_that_did_nothing_yet_has_counted_nothing():
    assert read(Telemetry().render().decode(), 1.0) == Reading(at=1.0)


def test_rates_are_of_the_time_between():
    first = Reading(at=10.0, events=100, attempts=100, succeeded=100)
    last = Reading(at=12.0, events=140, attempts=120, succeeded=119)

    rates = between(first, last)

    assert rates.events == pytest.approx(20)
    assert rates.attempts == pytest.approx(10)
    assert rates.success == pytest.approx(0.95)


def test_without_an_attempt_nothing_succeeded_or_failed():
    assert between(Reading(at=1.0), Reading(at=2.0)) == Rates(0, 0, None)


def test_a_bridge_that_restarted_counts_anew():
    before = Reading(at=0.0, events=1000, attempts=1000)
    after = Reading(at=2.0, events=10, attempts=4, succeeded=4)

    assert between(before, after) == Rates(5, 2, 1)

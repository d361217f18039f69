# SPDX-License-Identifier: Apache-2.0
"""What the bridge tells its operators, in metrics and in log lines."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.conditions.verdict import Judgement, Verdict
from bridge.model import Outcome, OutcomeKind, State
from bridge.telemetry import Telemetry
from tests.calls import NOW, SECRET, a_call, a_webhook
from tests.stored import a_delivery

TOKEN = "t0k3n-that-nobody-may-read"
CALL = a_call(a_webhook("https://user.example/?key=hidden", headers={"X-Key": TOKEN}))
REFUSED = Outcome(
    OutcomeKind.REFUSED, NOW, timedelta(milliseconds=12.34), 503, "answered 503"
)
DEAD = replace(a_delivery(CALL.envelope, CALL.listener), state=State.DEAD)


@pytest.fixture
def telemetry():
    return Telemetry()


@pytest.fixture
def lines(caplog):
    """Returns what was logged: message, level and data."""
    caplog.set_level(logging.INFO, "bridge")
    own = {*vars(logging.makeLogRecord({})), "message"}

    def line(record):
        data = {k: v for k, v in vars(record).items() if k not in own}
        return record.getMessage(), record.levelname, data

    return lambda: [line(record) for record in caplog.records]


def values(telemetry):
    """Return each sample that is not a time stamp, by its name and labels."""
    families = text_string_to_metric_families(telemetry.render().decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_an_event_taken_in_is_counted_and_told(telemetry, lines):
    telemetry.taken(CALL.envelope)

    event = CALL.envelope.event
    assert values(telemetry)["notifier_bridge_events_total", "task"] == 1
    assert lines() == [
        (
            "event taken in",
            "INFO",
            {
                "event_id": event.id,
                "type": "task.failed",
                "project": "acme",
                "execution_id": event.execution_id,
            },
        )
    ]


def test_an_attempt_is_counted_timed_and_told(telemetry, lines):
    telemetry.attempted(CALL, REFUSED, DEAD)

    found = values(telemetry)
    assert found["notifier_bridge_attempts_total", "http", "refused"] == 1
    assert found["notifier_bridge_deliveries_total", "dead"] == 1
    assert found["notifier_bridge_attempt_seconds_sum", "http"] == 0.01234
    ((message, level, data),) = lines()
    assert (message, level) == ("attempt ended", "INFO")
    assert data == {
        "event_id": DEAD.event_id,
        "listener_id": DEAD.listener_id,
        "delivery_id": DEAD.id,
        "attempt": 1,
        "outcome": "refused",
        "status": 503,
        "error": "answered 503",
        "state": "dead",
        "duration_ms": 12.3,
    }


def test_a_batch_is_one_attempt_of_each_of_its_deliveries(telemetry):
    telemetry.attempted(CALL, REFUSED, replace(DEAD, size=3))

    known = values(telemetry)
    assert known["notifier_bridge_attempts_total", "http", "refused"] == 1
    assert known["notifier_bridge_deliveries_total", "dead"] == 3


def test_only_a_condition_that_fails_is_worth_a_line(telemetry, lines):
    for verdict in Verdict:
        telemetry.judged(CALL.listener, Judgement(verdict, "why"))

    found = values(telemetry)
    for verdict in Verdict:
        assert found["notifier_bridge_conditions_total", verdict.value] == 1
    assert lines() == [
        (
            "condition failed",
            "WARNING",
            {"listener_id": CALL.listener.id, "error": "why"},
        )
    ]


def test_a_message_set_aside_is_counted_and_told_with_the_reason(telemetry, lines):
    telemetry.quarantined("body: is not UTF-8")

    assert values(telemetry)["notifier_bridge_quarantined_total",] == 1
    assert lines() == [
        ("message set aside", "WARNING", {"reason": "body: is not UTF-8"})
    ]


def test_a_watched_value_is_asked_for_whenever_the_metrics_are(telemetry):
    waiting = [3]
    telemetry.watch("open_events", "Events not recorded yet.", lambda: waiting[0])

    first = values(telemetry)["notifier_bridge_open_events",]
    waiting[0] = 5

    assert (first, values(telemetry)["notifier_bridge_open_events",]) == (3, 5)


def test_neither_metrics_nor_lines_hold_what_is_secret(telemetry, lines):
    telemetry.taken(CALL.envelope)
    telemetry.attempted(CALL, REFUSED, DEAD)

    told = telemetry.render().decode() + str(lines())
    for secret in (TOKEN, SECRET, "user.example", "hidden", "charge"):
        assert secret not in told

# SPDX-License-Identifier: Apache-2.0
"""Messages that one database takes and another does not, or that nobody can."""

import json

import amqp
import pytest

from notifier.topology import EXCHANGE
from notifier.wire import MAX_BODY_BYTES, to_amqp
from tests.bridges import BridgeProcess
from tests.load import an_event

KEY = "task.failed.acme.-.-.charge"
FINE = to_amqp(an_event("fine"))
BODY = json.loads(FINE.body)
HEADERS = FINE.headers
NUL = "a\0b"


def raw(before, after):
    """Return the fine body with a piece of it replaced by what no builder writes."""
    assert before in FINE.body
    return FINE.body.replace(before, after)


def saying(**members):
    return json.dumps(BODY | members).encode()


def about(**members):
    return saying(data=BODY["data"] | members)


def of_task(**members):
    return about(task=BODY["data"]["task"] | members)


def of_execution(**members):
    return about(execution=BODY["data"]["execution"] | members)


SET_ASIDE = {
    "over the limit": FINE.body + b" " * MAX_BODY_BYTES,
    "half a million levels": b"[" * 500_000,
    "65 levels": about(payload=json.loads("[" * 65 + "]" * 65)),
    "an integer over 64 bits": about(payload=2**63),
    "a float over 64 bits": raw(b'"task":{', b'"odd":1e999,"task":{'),
    "NaN": about(payload=float("nan")),
    "infinity": about(payload=float("-inf")),
    "half a surrogate pair": about(payload="\ud800"),
    "a surrogate in UTF-8": raw(b"charge", b"\xed\xa0\x80"),
    "year 10000": saying(timestamp="10000-01-01T00:00:00Z"),
    "year 10000 in UTC": saying(timestamp="9999-12-31T23:59:59-23:59"),
    "year 0 in UTC": saying(timestamp="0001-01-01T00:00:00+23:59"),
    "NUL in the type": saying(type="task.\0"),
    "NUL in the execution's id": of_execution(id=NUL),
    "NUL in the root's id": of_execution(root_id=NUL),
    "NUL in the state": of_execution(state=NUL),
    "NUL in the task's name": of_task(name=NUL),
    "NUL in the workbook": about(workbook=NUL),
    "NUL in the project": about(project=NUL),
    "NUL in the engine": about(engine=NUL),
    "a long project": about(project="p" * 65),
}
SET_ASIDE_BY_HEADERS = {
    "NUL in the id": {"cloudEvents_id": NUL},
    "a line's end in the id": {"cloudEvents_id": "a\r\nb: c"},
    "a long id": {"cloudEvents_id": "x" * 5000},
    "NUL in the source": {"cloudEvents_source": NUL},
}
TAKEN = {
    "nul-in-payload": about(payload={NUL: NUL}),
    "nul-in-error": of_task(error=NUL),
    "the-largest-integer": about(payload=[2**63 - 1, 1 - 2**63]),
    "the-last-year": saying(timestamp="9999-12-31T23:59:59.999999Z"),
    "the-first-year": saying(timestamp="0001-01-01T00:00:00Z"),
}


@pytest.fixture
def bridge(tmp_path, amqp_url, database_url, ledger):
    with BridgeProcess(tmp_path, amqp_url, DATABASE_URL=database_url) as bridge:
        bridge.add_listener(ledger.url, project="acme")
        yield bridge


@pytest.fixture
def publish(channel):
    def publish(body, event_id, **headers):
        members = {"cloudEvents_id": event_id, **headers}
        known = {k: v for k, v in HEADERS.items() if k != "cloudEvents_time"}
        message = amqp.Message(body, application_headers=known | members)
        channel.basic_publish(message, EXCHANGE, KEY)

    return publish


def test_what_no_database_can_hold_is_set_aside_and_all_else_is_told(
    bridge, ledger, publish
):
    for name, body in SET_ASIDE.items():
        publish(body, name)
    for name, headers in SET_ASIDE_BY_HEADERS.items():
        publish(FINE.body, name, **headers)
    for name, body in TAKEN.items():
        publish(body, name)

    ledger.wait_for(TAKEN)
    count = len(SET_ASIDE) + len(SET_ASIDE_BY_HEADERS)
    quarantined = "notifier_bridge_quarantined_total"
    bridge.wait_until(lambda: len(bridge.quarantine()) >= count)

    assert all(one["reason"] for one in bridge.quarantine())
    assert sorted(ledger.ids) == sorted(TAKEN)
    assert bridge.metric(quarantined) == count
    assert bridge.is_ready()

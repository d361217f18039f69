# SPDX-License-Identifier: Apache-2.0
"""What was set aside: kept as it came, shown to people, handled once more or forgotten."""

import json
from datetime import UTC, datetime

import amqp
import pytest

from bridge.client import BridgeClient, ClientError
from bridge.embedded import EmbeddedBridge
from bridge.errors import Conflict, NotFound
from bridge.settings import (
    ApiSettings,
    BusSettings,
    DatabaseSettings,
    SecretSettings,
    Settings,
)
from bridge.store.quarantine import KEPT
from notifier.topology import BRIDGE_QUEUE, DEAD_EXCHANGE, EXCHANGE, QUARANTINE_QUEUE
from notifier.wire import to_amqp
from tests.integration.commands import bridge_command
from tests.ledger import Ledger
from tests.load import an_event
from tests.outboxes import wait_until
from tests.served import KEY
from tests.stored import MINUTE, NOW, a_stray, an_envelope

ODD = {
    "bytes": b"\xff\x00",
    "time": datetime(2026, 11, 24, tzinfo=UTC),
    "nested": [{"none": None, "yes": True}, 1.5, float("inf")],
    "forged": {"$bytes": "no base64"},
    "dark": "\ud800\x00",
}


def test_a_message_comes_back_byte_by_byte(stores):
    stray = a_stray(headers=ODD, body=b"\xff\x00", properties={"timestamp": NOW})
    stores.quarantine.add(stray)

    assert stores.quarantine.get(stray.id) == stray


def test_texts_that_no_database_takes_are_kept_readable(stores):
    stray = a_stray(reason="no\x00thing", routing_key="\ud800")
    stores.quarantine.add(stray)

    kept = stores.quarantine.get(stray.id)
    assert (kept.reason, kept.routing_key) == ("no\\x00thing", "\\ud800")


def test_what_nobody_has_looked_at_for_long_goes(stores):
    old, young, new = (
        a_stray(taken_at=NOW + age) for age in (-MINUTE, 2 * MINUTE, KEPT + MINUTE)
    )
    for stray in (old, young, new):
        stores.quarantine.add(stray)

    kept = [one.id for one in stores.quarantine.find(limit=10)]
    assert kept == [new.id, young.id]


def test_the_latest_come_first_page_by_page(api):
    strays = [a_stray(taken_at=NOW + n * MINUTE) for n in range(3)]
    for stray in strays:
        api.parts.quarantine_store.add(stray)

    with BridgeClient(api.url) as client:
        found = [one["id"] for one in client.quarantine.find()]
        two = client._link.json("GET", "/v1/quarantine", params={"limit": 2})
        rest = {"limit": 2, "after": two["next"]}
        one = client._link.json("GET", "/v1/quarantine", params=rest)

    assert found == [stray.id for stray in reversed(strays)]
    pages = [*two["quarantine"], *one["quarantine"]]
    assert [shown["id"] for shown in pages] == found
    assert one["next"] is None


def test_whatever_is_in_it_can_be_shown(api):
    stray = a_stray(headers=ODD, body=b"\xff", properties={"message_id": b"\xff"})
    api.parts.quarantine_store.add(stray)

    with BridgeClient(api.url) as client:
        shown = client.quarantine.get(stray.id)

    assert shown["body"] == "\ufffd"
    assert shown["headers"]["nested"] == [{"none": None, "yes": True}, 1.5, "inf"]
    assert shown["headers"]["dark"] == "\\ud800\x00"


def test_what_is_not_there_is_not_found(api):
    with BridgeClient(api.url) as client:
        for act in ("get", "requeue", "drop"):
            with pytest.raises(ClientError, match="no message in quarantine"):
                getattr(client.quarantine, act)("qua_1")


def test_an_event_of_the_table_waits_again_as_it_was(stores):
    envelope = an_envelope("1")
    stores.events.accept([envelope], NOW)
    position = stores.events.last_position()
    stores.quarantine.take_event(position, "it kills", NOW)
    assert stores.events.queued(10) == []

    (stray,) = stores.quarantine.find(limit=10)
    assert (stray.reason, stray.body) == ("it kills", envelope.body)
    stores.quarantine.queue_event(stray)

    assert [one.envelope for one in stores.events.queued(10)] == [envelope]
    stores.quarantine.remove(stray.id)
    with pytest.raises(NotFound):
        stores.quarantine.remove(stray.id)
    with pytest.raises(Conflict, match="publish it again"):
        stores.quarantine.queue_event(a_stray())


def test_the_commands_list_show_requeue_and_drop(api):
    stray = a_stray(headers={"sent-by": "\x1b[31mred"})
    api.parts.quarantine_store.add(stray)

    def run(*args):
        return bridge_command(*args, BRIDGE_URL=api.url)

    head, row = run("quarantine-list").stdout.splitlines()
    assert head.split() == ["ID", "SET", "ASIDE", "BYTES", "ROUTING", "KEY", "REASON"]
    assert row.startswith(stray.id)
    assert "body: is not JSON" in row
    shown = run("quarantine-show", stray.id).stdout
    assert "hello" in shown
    assert "\\x1b[31mred" in shown
    assert "publish it again" in run("quarantine-requeue", stray.id).stderr
    assert "is forgotten" in run("quarantine-drop", stray.id).stdout
    assert json.loads(run("quarantine-list", "--format", "json").stdout) == []


@pytest.fixture
def bridge(tmp_path, amqp_url):
    settings = Settings(
        api=ApiSettings(port=0),
        bus=BusSettings(amqp_url),
        database=DatabaseSettings(f"sqlite:///{tmp_path / 'bridge.sqlite3'}"),
        secrets=SecretSettings(key=KEY),
    )
    with EmbeddedBridge(settings) as bridge, BridgeClient(bridge.url) as client:
        wait_until(lambda: client.health() == [])
        yield client


def test_what_shall_be_handled_once_more_reaches_the_bridge_and_nobody_else(
    bridge, channel
):
    channel.queue_declare("others", durable=True)
    channel.queue_bind("others", EXCHANGE, "#")
    message = to_amqp(an_event("1"))
    headers = {"x-first-death-reason": "maxlen", **message.headers}
    dropped = amqp.Message(
        message.body, application_headers=headers, **message.properties
    )
    channel.basic_publish(dropped, "", QUARANTINE_QUEUE)  # as a policy would
    wait_until(lambda: list(bridge.quarantine.find()))
    (stray,) = bridge.quarantine.find()
    assert stray["reason"] == "message: was dropped by the broker: maxlen"
    assert stray["message_id"] == "1"

    with Ledger() as ledger:
        wanted = {"events": ["TASK"], "callback": {"url": ledger.url}}
        bridge.listeners.add({**wanted, "project": "acme"})
        bridge.quarantine.requeue(stray["id"])
        ledger.wait_for(["1"])

    assert list(bridge.quarantine.find()) == []
    assert channel.basic_get("others") is None
    assert channel.basic_get(BRIDGE_QUEUE) is None


def test_a_limit_that_drops_messages_is_warned_of_once_for_each_queue(
    bridge, channel, caplog
):
    with Ledger() as ledger:
        callback = {"url": ledger.url}
        bridge.listeners.add(
            {"events": ["TASK"], "callback": callback, "project": "acme"}
        )
        for name in ("1", "2"):
            message = to_amqp(an_event(name))
            death = {
                "x-first-death-reason": "delivery_limit",
                "x-first-death-queue": BRIDGE_QUEUE,
            }
            dropped = amqp.Message(
                message.body,
                application_headers={**message.headers, **death},
                **message.properties,
            )
            channel.basic_publish(dropped, DEAD_EXCHANGE, message.routing_key)
        ledger.wait_for(["1", "2"])

    warned = [one for one in caplog.records if "delivery-limit" in one.message]
    assert [one.queue for one in warned] == [BRIDGE_QUEUE]

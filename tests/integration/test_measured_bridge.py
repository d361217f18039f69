# SPDX-License-Identifier: Apache-2.0
"""The bridge that the benchmarks measure does its whole job: no promise is turned off."""

from datetime import timedelta

import kombu
import psycopg
import pytest

from benchmarks.contenders import settings_of
from bridge.client import BridgeClient, ClientError
from bridge.model.delivery import MAX_ANSWER_BYTES
from bridge.receiver import Receiver, Reply
from bridge.store.database import Database
from bridge.verify import verify
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.wire import encode_body
from tests.bridges import BridgeProcess
from tests.ledger import Ledger
from tests.servers.postgresql import PostgresCluster

PATIENCE = timedelta(seconds=20)


@pytest.fixture
def bridge(tmp_path, amqp_url, postgres_url):
    """The one that the aims are about."""
    settings = settings_of("loop", postgres_url)
    with BridgeProcess(tmp_path, amqp_url, **settings) as running:
        yield running


def publish(amqp_url, event_id):
    publisher = AmqpPublisher(amqp_url)
    event = Event.new("task.failed", event_id=event_id, execution="e1", task="t1")
    publisher.publish([event], timeout=PATIENCE)
    publisher.close()
    return event


def waiting(amqp_url):
    """Return how many messages the broker has that no consumer holds."""
    with kombu.Connection(amqp_url) as connection:
        return connection.default_channel.queue_declare("bridge", passive=True)[1]


def attempts(bridge, event_id):
    with BridgeClient(bridge.url) as client:
        found = list(client.deliveries.find(event=event_id))
        return [
            one
            for each in found
            for one in client.deliveries.get(each["id"])["attempts"]
        ]


def test_it_has_its_defaults_but_for_the_client_and_the_kind_of_queue():
    assert settings_of("loop", "postgresql://x") == {
        "OS_CALLBACKS__CLIENT": "loop",
        "OS_BUS__QUEUE_TYPE": "classic",
        "DATABASE_URL": "postgresql://x",
    }


def test_its_databases_lose_no_commit(own_postgres, tmp_path):
    said = {}
    assert type(own_postgres) is PostgresCluster  # as the benchmarks start it
    with Database(own_postgres.url) as database, database.read() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            said[name] = connection.exec_driver_sql(f"SHOW {name}").scalar_one()
    with Database(f"sqlite:///{tmp_path}/b") as database, database.read() as connection:
        full = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    assert set(said.values()) == {"on"}
    assert full == 2


def test_it_acks_after_all_is_recorded_with_the_body(bridge, amqp_url, postgres_url):
    with Ledger() as ledger:
        bridge.add_listener(ledger.url)
        with psycopg.connect(postgres_url) as connection:
            connection.execute("LOCK TABLE events IN EXCLUSIVE MODE")
            event = publish(amqp_url, "answered")
            ledger.wait_for(["answered"])
            bridge.kill()
        back = waiting(amqp_url)
        while not back:
            back = waiting(amqp_url)
        bridge.start()
        bridge.wait_until_delivered(["answered"])

    assert back == 1
    assert len(set(ledger.ids["answered"])) == 1
    with psycopg.connect(postgres_url) as connection:
        (body,) = connection.execute("SELECT body FROM events").fetchone()
    assert body == encode_body(event)


def test_it_signs_what_it_sends_and_keeps_little_of_what_it_gets(bridge, amqp_url):
    came, long = [], Reply(200, b"x" * 300_000)
    with Receiver(
        "127.0.0.1", 0, on_delivery=came.append, answer=lambda _: long
    ) as receiver:
        added = bridge.add_listener(f"{receiver.url}/hook")
        publish(amqp_url, "signed")
        bridge.wait_until_delivered(["signed"])

    verify(added["secret"], came[0].headers, came[0].body)
    (attempt,) = attempts(bridge, "signed")
    assert len(attempt["answer"]) == MAX_ANSWER_BYTES


def test_it_ends_an_attempt_at_its_deadline(bridge, amqp_url):
    with Ledger() as ledger:
        ledger.hold()
        bridge.add_listener(ledger.url, timeout_seconds=1)
        publish(amqp_url, "late")
        ledger.wait_for(["late"])
        bridge.wait_until(lambda: attempts(bridge, "late"))

    assert attempts(bridge, "late")[0]["outcome"] == "timed_out"


def test_it_calls_no_address_that_is_not_allowed(bridge):
    with pytest.raises(ClientError, match=r"10\.0\.0\.1 is private"):
        bridge.add_listener("http://10.0.0.1/hook")

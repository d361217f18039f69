# SPDX-License-Identifier: Apache-2.0
"""Past events told again, and forgotten, beside what happens now."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from bridge.client import BridgeClient
from bridge.delivery.retention import Retention, Terms
from bridge.model import Envelope, ListenerId
from bridge.store.database import Database
from bridge.store.journal import Entry
from bridge.store.retention import RetentionStore
from notifier import wire
from tests import figures
from tests.bridges import BridgeProcess
from tests.load import an_event
from tests.served import KEY
from tests.soak.engine import Engine
from tests.stored import Stores
from tests.tally import Tally
from tests.timed import Timed

DAY = timedelta(days=1)
CHUNK = 2000
RATE = 200
LIVE_RATE = 100
LIVE_SECONDS = 20
PATIENCE_SECONDS = 1200
UNDER_WAY = 64
"""So many attempts may be under way to one listener."""


@pytest.fixture
def serving(tmp_path, amqp_url, postgres_url, extent):
    """A bridge on RabbitMQ and PostgreSQL."""
    with BridgeProcess(
        tmp_path,
        amqp_url,
        DATABASE_URL=postgres_url,
        OS_SECRETS__KEY=KEY,
        OS_LOG__LEVEL="WARNING",
        OS_CALLBACKS__CLIENT=extent.client,
    ) as bridge:
        yield bridge


@pytest.fixture
def database(postgres_url):
    with Database(postgres_url) as database:
        yield database


def kept(database, count):
    """Keep events that came in over a day, of the workbook ``past``; return their ids."""
    journal, began = Stores(database).journal("the past"), datetime.now(UTC) - DAY
    ids = [f"past-{number}" for number in range(count)]
    for start in range(0, count, CHUNK):
        entries = []
        for place, name in enumerate(ids[start : start + CHUNK], start):
            event = an_event(name, workbook="past", execution=f"e{place % 1000}")
            envelope = Envelope(event, wire.encode_body(event), wire.routing_key(event))
            entries.append(Entry((envelope, began + place * DAY / count)))
        journal.write(entries)
    return ids


def live(amqp_url, tally, prefix, rate, seconds):
    """Publish for a while, and wait until all has arrived."""
    events = tally.events(prefix, rate * seconds, workbook="live")
    with Engine(amqp_url, events, rate) as engine:
        engine.wait()
    tally.wait_for(engine.confirmed, PATIENCE_SECONDS)


def wait_until_over(serving, client, database, replay):
    """Wait until all of a replay is told, and recorded."""
    get = partial(client.replays.get, replay["id"])
    serving.wait_until(lambda: get()["state"] == "done", PATIENCE_SECONDS)
    waiting = Stores(database).replays().waiting
    listener = ListenerId(replay["listener_id"])
    serving.wait_until(lambda: not waiting(listener, None, 1))


def stopped_on_its_way(serving, client, listener):
    """Stop a new replay when it has begun; return what it says then, and later."""
    begun = client.replays.begin(listener["id"], rate_per_second=RATE)
    get = partial(client.replays.get, begun["id"])
    serving.wait_until(lambda: get()["replayed"])
    return client.replays.stop(begun["id"]), get()


@pytest.mark.timeout(1800)
def test_a_replay_keeps_to_its_rate_through_a_kill_and_can_be_stopped(
    amqp_url, serving, database, extent, note
):
    ids = kept(database, extent.events)
    # A quarter of what it takes: so that it is in the middle when the bridge is killed.
    seconds = min(LIVE_SECONDS, len(ids) // RATE // 4)
    with Tally() as past, Timed() as now, BridgeClient(serving.url) as client:
        mine = serving.add_listener(past.url, project="acme", workbook="past")
        serving.add_listener(now.url, project="acme", workbook="live")
        live(amqp_url, now, "warm", LIVE_RATE, 3)
        live(amqp_url, now, "alone", LIVE_RATE, seconds)
        began = time.monotonic()
        replay = client.replays.begin(mine["id"], rate_per_second=RATE)
        live(amqp_url, now, "beside", LIVE_RATE, seconds)
        told, took = len(past.calls), time.monotonic() - began
        past.wait_for_some(len(ids) // 2, PATIENCE_SECONDS)
        killed_in = client.replays.get(replay["id"])["state"]
        serving.kill()
        serving.start()
        past.wait_for(ids, PATIENCE_SECONDS)
        wait_until_over(serving, client, database, replay)
        repeated = past.repeated
        stopped, later = stopped_on_its_way(serving, client, mine)

    what = f"replay of {len(ids):,} kept events at {RATE}/s"
    note({f"{what}: told a second": f"{told / took:.0f}"})
    note({f"{what}: repeated by a kill": repeated})
    for name in ("alone", "beside"):
        note({f"{what}: p99 of live events {name}": figures.seconds(now.p99(name))})
    assert told <= RATE * (took + 1)
    assert killed_in == "running"
    assert repeated <= UNDER_WAY
    assert past.renamed == set()
    assert (stopped["state"], later["state"]) == ("stopped", "stopped")
    assert later["replayed"] < len(ids)


_OLD = """
INSERT INTO events (source, id, type, project, execution_id, routing_key, time,
                    received_at, attributes, body, queued)
SELECT '/old', 'old-' || n, 'task.failed', 'acme', 'e' || n % 1000,
       'task.failed.acme.-.-.charge', now() - interval '8 days',
       now() - interval '8 days', '{}', decode(repeat('7b7d', 200), 'hex'), false
FROM generate_series(1, :count) n;
INSERT INTO deliveries (id, listener_id, project, event_source, event_id, event_type,
                        execution_id, state, attempts, created_at, updated_at)
SELECT 'old-' || n, 'lst_old', 'acme', '/old', 'old-' || n, 'task.failed',
       'e' || n % 1000, 'delivered', 1, now() - interval '8 days',
       now() - interval '8 days'
FROM generate_series(1, :count) n;
INSERT INTO attempts (delivery_id, number, kind, started_at, duration_seconds, answer)
SELECT 'old-' || n, 1, 'succeeded', now() - interval '8 days', 0.01, ''
FROM generate_series(1, :count) n
"""


def left(database):
    """Return how many of the old events are still there."""
    query = "SELECT count(*) FROM events WHERE source = '/old'"
    with database.read() as connection:
        return connection.scalar(text(query))


@pytest.mark.timeout(1800)
def test_a_million_rows_go_and_no_delivery_waits_a_second_for_it(
    amqp_url, serving, database, extent, note
):
    count = 10 * extent.events // 3  # of each of three tables
    rate = min(1000, extent.events // 50)
    with database.write() as connection:
        for statement in _OLD.split(";"):
            connection.execute(text(statement), {"count": count})
        connection.execute(text("ANALYZE"))  # as in a database that has grown so large
    stores = Stores(database)
    retention = Retention(
        RetentionStore(database),
        stores.listeners,
        terms=Terms(),
        now=lambda: datetime.now(UTC),
    )
    with Timed() as tally:
        serving.add_listener(tally.url, project="acme", workbook="live")
        live(amqp_url, tally, "alone", rate, LIVE_SECONDS)
        events = tally.events("beside", 10**9, workbook="live")
        with Engine(amqp_url, events, rate) as engine:
            began = time.monotonic()
            asyncio.run(retention.sweep())
            serving.wait_until(lambda: not left(database))  # it may have its share
            took = time.monotonic() - began
        tally.wait_for(engine.confirmed, PATIENCE_SECONDS)

    what = f"retention: {3 * count:,} rows gone beside {rate} events/s"
    note({f"{what}: took": figures.seconds(took)})
    for name in ("alone", "beside"):
        longest = tally.delays(name)[-1]
        note({f"{what}: longest delivery {name}": figures.seconds(longest)})
    assert tally.delays("beside")[-1] < tally.delays("alone")[-1] + 1

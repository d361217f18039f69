# SPDX-License-Identifier: Apache-2.0
"""Builders of what a bridge keeps, and its stores on one database."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bridge.model import (
    Attempt,
    CallbackSpec,
    Delivery,
    Envelope,
    Listener,
    Outcome,
    OutcomeKind,
    Quarantined,
    State,
    delivery_id,
)
from bridge.registrar import new_id
from bridge.replay.course import Archive
from bridge.store.batches import BatchStore
from bridge.store.database import Database
from bridge.store.deliveries import DeliveryStore
from bridge.store.events import EventStore
from bridge.store.history import History
from bridge.store.journal import Journal
from bridge.store.listeners import ListenerStore
from bridge.store.quarantine import QuarantineStore
from bridge.store.quarantine import new_id as new_quarantined_id
from bridge.store.replays import ReplayStore
from bridge.store.retelling import Retelling
from bridge.store.sequences import SequenceStore
from bridge.store.vault import Vault
from notifier import wire
from notifier.event import Event
from tests.served import KEY

NOW = datetime(2026, 11, 24, 2, 10, 0, 123456, UTC)
SECRET = "whsec_" + "A" * 32
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Stores:
    """All the stores of one database."""

    database: Database

    @property
    def listeners(self):
        return ListenerStore(self.database, Vault(KEY))

    @property
    def events(self):
        return EventStore(self.database)

    @property
    def deliveries(self):
        return DeliveryStore(self.database)

    @property
    def quarantine(self):
        return QuarantineStore(self.database)

    @property
    def sequences(self):
        return SequenceStore(self.database)

    def replays(self, owner="bridge 1"):
        return ReplayStore(self.database, owner)

    def archive(self, owner="bridge 1"):
        return Archive(
            self.replays(owner),
            History(self.database),
            Retelling(self.database, owner),
            self.listeners,
        )

    def batches(self, owner="bridge 1"):
        return BatchStore(self.database, owner)

    def journal(self, owner="bridge 1", **options):
        return Journal(self.database, owner, **options)


def a_listener(**members):
    members = {
        "id": new_id(),
        "project": "default",
        "name": None,
        "events": ("TASK",),
        "callback": CallbackSpec("http", "http://127.0.0.1:9/hook"),
        "secret": SECRET,
        "created_at": NOW,
        "updated_at": NOW,
        **members,
    }
    return Listener(**members)


def an_envelope(event_id="1", *, execution="e1", task="charge", **data):
    members = {"execution": execution, "task": task, "time": NOW, **data}
    event = Event.new(
        members.pop("event_type", "task.failed"), event_id=event_id, **members
    )
    return Envelope(event, wire.encode_body(event), wire.routing_key(event))


def a_delivery(envelope, listener, **members):
    event = envelope.event
    delivery = Delivery(
        id=delivery_id(event.source, event.id, listener.id),
        listener_id=listener.id,
        project=event.project,
        event_source=event.source,
        event_id=event.id,
        event_type=event.type,
        execution_id=event.execution_id,
        state=State.PENDING,
        created_at=NOW,
        updated_at=NOW,
        due_at=NOW,
    )
    return replace(delivery, **members)


def an_attempt(delivery, number=1, **members):
    members = {
        "kind": OutcomeKind.REFUSED,
        "started_at": NOW,
        "duration": timedelta(milliseconds=12.5),
        "status": 503,
        "error": "answered 503",
        "answer": b"later \xff",
        **members,
    }
    return Attempt(delivery.id, number, Outcome(**members))


def a_stray(**members):
    members = {
        "id": new_quarantined_id(),
        "reason": "body: is not JSON",
        "routing_key": "greeting",
        "properties": {"message_id": "1"},
        "headers": {},
        "body": b"hello",
        "taken_at": NOW,
        **members,
    }
    return Quarantined(**members)


def wait_until_locked(database):
    """Wait until somebody waits for a lock."""
    deadline = time.monotonic() + 20
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with database.read() as connection:
        while not connection.exec_driver_sql(query).scalar_one():
            assert time.monotonic() < deadline, "nobody waits"

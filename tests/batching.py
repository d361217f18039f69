# SPDX-License-Identifier: Apache-2.0
"""Listeners that are told in batches, and what they were told."""

import json
from datetime import timedelta

from sqlalchemy import func, select

from bridge.model import Batching, CallbackSpec, Format
from bridge.store.tables import batches
from tests.stored import a_listener, an_envelope


def a_batch_listener(max_events=3, wait=timedelta(milliseconds=30), **members):
    callback = CallbackSpec(
        "http",
        "http://127.0.0.1:9/hook",
        format=Format.CLOUDEVENTS_BATCH,
        batch=Batching(max_events, wait),
    )
    return a_listener(callback=callback, **members)


def added(stores, **members):
    """Keep a listener that is told in batches of up to three."""
    listener = a_batch_listener(**members)
    stores.listeners.add(listener)
    return listener


def envelopes(count, first=1):
    return [an_envelope(str(first + n)) for n in range(count)]


def open_batches(stores):
    with stores.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(batches))


def events_in(body):
    """Return the ids of the events in a batch, in their order."""
    return [one["id"] for one in json.loads(body)]


def batches_of(calls):
    """Return the batches that calls brought: id and events of each, call by call."""
    return [(call.delivery_id, events_in(call.envelope.body)) for call in calls]

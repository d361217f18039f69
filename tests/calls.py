# SPDX-License-Identifier: Apache-2.0
"""Builders of listeners and of calls to them."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bridge.callbacks.signing import mark_of
from bridge.model import (
    Call,
    CallbackSpec,
    Envelope,
    Listener,
    ListenerId,
    delivery_id,
)
from bridge.verify import signed_content
from notifier.event import Event
from notifier.wire import encode_body, routing_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)

_numbers = itertools.count(1)


def a_webhook(url="https://hooks.example/in", **members):
    return CallbackSpec("http", url, **members)


def a_listener(callback, **members):
    listener = Listener(
        id=ListenerId("lst_1"),
        project="acme",
        name=None,
        events=("TASK",),
        callback=callback,
        secret=SECRET,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(listener, **members)


def sign(secret, message_id, timestamp, body):
    """Return one signature, by any secret."""
    return mark_of(secret)(signed_content(message_id, str(timestamp), body))


def an_event(**members):
    return Event.new(
        "task.failed",
        execution=f"e{next(_numbers)}",
        task="charge",
        project="acme",
        workbook="orders",
        **members,
    )


def a_call(callback, *, seconds=5, event=None, **members):
    """Return a call of a new event, to end within so many seconds.

    Args:
        callback: Of its listener.
        seconds: The longest that it may take.
        event: Default: a new one.
        **members: Of its listener, beyond.
    """
    event = an_event() if event is None else event
    spec = replace(callback, timeout=timedelta(seconds=seconds))
    listener = a_listener(spec, **members)
    envelope = Envelope(event, encode_body(event), routing_key(event))
    delivery = delivery_id(event.source, event.id, listener.id)
    return Call(delivery, 1, listener, envelope)

# SPDX-License-Identifier: Apache-2.0
"""Deliveries, attempts and events as JSON, as they are shown to people."""

from datetime import timedelta
from typing import Any

from bridge.model import Attempt, Delivery, Outcome
from bridge.store.events import StoredEvent
from notifier.wire import to_cloudevent
from notifier.wire.body import format_time


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery's JSON."""
    due = delivery.due_at
    return {
        "id": delivery.id,
        "project": delivery.project,
        "listener_id": delivery.listener_id,
        "event_id": delivery.event_id,
        "event_source": delivery.event_source,
        "event_type": delivery.event_type,
        "execution_id": delivery.execution_id,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "attempt_count": delivery.attempts,
        "batch_id": delivery.batch_id,
        "due_at": None if due is None else format_time(due),
        "created_at": format_time(delivery.created_at),
        "updated_at": format_time(delivery.updated_at),
    }


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt's JSON."""
    started = format_time(attempt.outcome.started_at)
    return {
        "number": attempt.number,
        "started_at": started,
        **outcome_json(attempt.outcome),
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome's JSON; what is no UTF-8 in the answer is replaced."""
    return {
        "outcome": outcome.kind.value,
        "status": outcome.status,
        "duration_ms": round(outcome.duration / timedelta(milliseconds=1), 3),
        "error": outcome.error,
        "answer": outcome.answer.decode(errors="replace"),
    }


def event_json(stored: StoredEvent) -> dict[str, Any]:
    """Return a kept event's JSON; the event itself in CloudEvents' structured form."""
    return {
        "event": to_cloudevent(stored.envelope.event),
        "routing_key": stored.envelope.routing_key,
        "received_at": format_time(stored.received_at),
    }

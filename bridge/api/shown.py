# SPDX-License-Identifier: Apache-2.0
"""Listeners, deliveries, attempts and events as JSON, as they are shown to people.

A listener's secret is not; what else is or may be secret is masked.
"""

from datetime import timedelta
from typing import Any

from bridge.api.credentials import auth_json
from bridge.api.merging import mask
from bridge.model import Attempt, CallbackSpec, Delivery, Listener, Outcome
from bridge.store.events import StoredEvent
from notifier.wire import to_cloudevent
from notifier.wire.body import format_time


def listener_json(listener: Listener) -> dict[str, Any]:
    """Return a listener's JSON, without what is secret."""
    return {
        "id": listener.id,
        "project": listener.project,
        "name": listener.name,
        "description": listener.description,
        "workbook": listener.workbook,
        "workflow": listener.workflow,
        "execution_id": listener.execution_id,
        "task": listener.task,
        "events": list(listener.events),
        "when": listener.when,
        "callback": _callback_json(listener.callback),
        "ordered": False,
        "max_in_flight": listener.max_in_flight,
        "rate_per_second": None,
        "retry": {
            "delays_seconds": [_seconds(delay) for delay in listener.retry.delays],
            "jitter": listener.retry.jitter,
        },
        "enabled": listener.enabled,
        "disabled_reason": listener.disabled_reason,
        "revision": listener.revision,
        "created_at": format_time(listener.created_at),
        "updated_at": format_time(listener.updated_at),
    }


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


def _callback_json(spec: CallbackSpec) -> dict[str, Any]:
    members: dict[str, Any] = {"type": spec.type}
    if spec.type == "amqp":
        members |= {"exchange": spec.exchange, "routing_key": spec.routing_key}
    else:
        headers = mask(spec.headers)
        members |= {"url": spec.url, "method": spec.method, "headers": headers}
    return {
        **members,
        "auth": auth_json(spec.auth),
        "format": "standard",
        "timeout_seconds": _seconds(spec.timeout),
        "batch": None,
    }


def _seconds(time: timedelta) -> float:
    seconds = time.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds  # 5, not 5.0

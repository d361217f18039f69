# SPDX-License-Identifier: Apache-2.0
"""Listeners and tokens as JSON, as they are shown: what is secret is not, or masked."""

from datetime import datetime, timedelta
from typing import Any

from bridge.callbacks.signing import public_key_of
from bridge.model import Batching, CallbackSpec, Listener, Token
from bridge.model.lane_state import LaneState
from bridge.model.signing import Signing
from bridge.shape.credentials import auth_json
from bridge.shape.merging import mask
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
        "filters": list(listener.filters),
        "callback": _callback_json(listener.callback),
        "ordered": listener.ordered,
        "max_in_flight": listener.max_in_flight,
        "rate_per_second": _rate(listener.rate_per_second),
        "allowed_rate_per_second": _rate(listener.allowed_rate),
        "retry": {
            "delays_seconds": [_seconds(delay) for delay in listener.retry.delays],
            "jitter": listener.retry.jitter,
        },
        "enabled": listener.enabled,
        "disabled_reason": listener.disabled_reason,
        "starting": listener.starting,
        "workbook_key": listener.workbook_key,
        "signing": listener.signing.value,
        "public_key": _public_key(listener),
        "former_secret_until": _former_until(listener),
        "revision": listener.revision,
        "created_at": format_time(listener.created_at),
        "updated_at": format_time(listener.updated_at),
    }


def breaker_json(listener: Listener, state: LaneState | None) -> dict[str, Any]:
    """Return how a listener's endpoint is dealt with; None: as usual."""
    known = LaneState(listener.id) if state is None else state
    return {
        "state": known.breaker.value,
        "since": _time(known.since),
        "reason": known.reason,
        "limit": listener.max_in_flight if known.limit is None else known.limit,
        "failing_since": _time(known.failing_since),
    }


def token_json(token: Token) -> dict[str, Any]:
    """Return a token's JSON; its text is nowhere."""
    return {
        "id": token.id,
        "project": token.project,
        "role": token.role.value,
        "name": token.name,
        "created_at": format_time(token.created_at),
        "expires_at": _time(token.expires_at),
    }


def _public_key(listener: Listener) -> str | None:
    if listener.key is None or listener.signing is Signing.V1:
        return None
    return public_key_of(listener.key)


def _former_until(listener: Listener) -> str | None:
    until = max((one.until for one in listener.former), default=None)
    return None if until is None else format_time(until)


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
        "format": spec.format.value,
        "mode": spec.mode.value,
        "on_timeout": spec.on_timeout,
        "timeout_seconds": _seconds(spec.timeout),
        "batch": None if spec.batch is None else batch_json(spec.batch),
    }


def batch_json(batch: Batching) -> dict[str, int]:
    """Return how events are put together."""
    return {
        "max_events": batch.max_events,
        "max_wait_ms": round(batch.max_wait.total_seconds() * 1000),
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else format_time(time)


def _seconds(time: timedelta) -> float:
    return _short(time.total_seconds())


def _rate(per_second: float | None) -> float | None:
    return None if per_second is None else _short(per_second)


def _short(number: float) -> float:
    return int(number) if number.is_integer() else number  # 5, not 5.0

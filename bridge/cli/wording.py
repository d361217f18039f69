# SPDX-License-Identifier: Apache-2.0
"""Says in words what a listener is, and prints nothing."""

from collections.abc import Mapping
from typing import Any, Final

BOUND_TO: Final = {
    "workbook": "workbook",
    "workflow": "workflow",
    "execution_id": "execution",
    "task": "task",
}
"""Member to the word for it: what a listener is bound to."""


def bound_to(listener: Mapping[str, Any]) -> str:
    """Return what a listener listens to, in words."""
    bounds = [
        f"{word} {listener[member]}"
        for member, word in BOUND_TO.items()
        if listener[member] is not None
    ]
    return ", ".join(bounds) if bounds else "everything"


def callback_of(listener: Mapping[str, Any]) -> str:
    """Return how a listener is told, in words."""
    callback = listener["callback"]
    if callback["type"] == "amqp":
        key = callback["routing_key"]
        return f"exchange {callback['exchange']}" + (f", key {key}" if key else "")
    return f"{callback['method']} {callback['url']}"


def auth_of(callback: Mapping[str, Any]) -> str | None:
    """Return how a callback signs in, in words."""
    match callback.get("auth"):
        case {"type": "basic", "username": user}:
            return f"user {user} and a password"
        case {"type": "header", "name": name}:
            return f"a key in the header {name}"
        case {"type": "certificate"}:
            return "a client certificate"
        case {"type": "bearer"}:
            return "a bearer token"
        case _:
            return None


def answer_of(callback: Mapping[str, Any]) -> str | None:
    """Return who waits for a callback's answer, in words; None: nobody does."""
    if callback["mode"] == "cast":
        return None
    return f"waited for; silence counts as {callback['on_timeout']}"


def batch_of(callback: Mapping[str, Any]) -> str | None:
    """Return how many events are told together, in words; None: each is alone."""
    batch = callback["batch"]
    if batch is None:
        return None
    return f"up to {batch['max_events']} events, after {batch['max_wait_ms']} ms"


def state_of(listener: Mapping[str, Any]) -> str:
    """Return whether a listener is told, and why not."""
    if listener["enabled"]:
        breaker = listener.get("breaker")
        if breaker is None or breaker["state"] == "closed":
            return "enabled"
        return f"enabled, breaker {breaker['state']}: {breaker['reason']}"
    reason = listener["disabled_reason"]
    return f"disabled: {reason}" if reason else "disabled"


def calls_of(listener: Mapping[str, Any]) -> str:
    """Return how many calls a listener is given, in words."""
    most, rate = listener["max_in_flight"], listener["rate_per_second"]
    breaker = listener.get("breaker")
    limit = most if breaker is None else breaker["limit"]
    told = f"{most} at a time"
    if limit != most:
        told = f"{limit} at a time for now, of {most}"
    if rate is not None:
        told = f"{told}, {rate:g} a second"
    allowed = listener.get("allowed_rate_per_second")
    return told if allowed is None else f"{told}, {allowed:.3g} allowed"


def span(seconds: float) -> str:
    """Return a time as people say it: ``5 min``, not ``300 s``."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def signing_of(listener: Mapping[str, Any]) -> list[str]:
    """Return how a listener's webhooks are signed, and what verifies them."""
    words = [listener["signing"]]
    if listener["public_key"] is not None:
        words.append(f"public key {listener['public_key']}")
    if listener["former_secret_until"] is not None:
        words.append(f"former secrets until {listener['former_secret_until']}")
    return words

# SPDX-License-Identifier: Apache-2.0
"""What the bridge tells its operators: metrics, and one wide log line for each thing.

Metrics are named by Prometheus' rules. A log line's message is a constant; its data
stand in ``extra``. Neither holds a body, a header or a URL.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from bridge.conditions.verdict import Judgement, Verdict
from bridge.model import Call, Delivery, Envelope, Listener, Outcome

_BUCKETS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    5,
    15,
    60,
)

_log = logging.getLogger("bridge")


class Telemetry:
    """One registry of metrics, and the log."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._events = Counter(
            "notifier_bridge_events",
            "Events taken in.",
            ["kind"],
            registry=self.registry,
        )
        self._attempts = Counter(
            "notifier_bridge_attempts",
            "Attempts that ended.",
            ["callback", "outcome"],
            registry=self.registry,
        )
        self._states = Counter(
            "notifier_bridge_deliveries",
            "States that deliveries came to by an attempt.",
            ["state"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "notifier_bridge_attempt_seconds",
            "How long attempts took.",
            ["callback"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._conditions = Counter(
            "notifier_bridge_conditions",
            "Conditions that were put to an event.",
            ["verdict"],
            registry=self.registry,
        )
        self._strays = Counter(
            "notifier_bridge_quarantined",
            "Messages that were no events.",
            registry=self.registry,
        )
        self._unwritable = Counter(
            "notifier_bridge_unwritable",
            "Events or outcomes that the database does not take.",
            registry=self.registry,
        )
        # prometheus_client takes longer to find them than to count
        self._events_of = cache(self._events.labels)
        self._attempts_of = cache(self._attempts.labels)
        self._states_of = cache(self._states.labels)
        self._seconds_of = cache(self._seconds.labels)
        self._conditions_of = cache(self._conditions.labels)

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a value that is asked for whenever the metrics are."""
        gauge = Gauge(f"notifier_bridge_{name}", text, registry=self.registry)
        gauge.set_function(value)

    def render(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return bytes(generate_latest(self.registry))

    def taken(self, envelope: Envelope) -> None:
        """Tell that an event was taken in."""
        event = envelope.event
        self._events_of(event.kind).inc()
        if _log.isEnabledFor(logging.INFO):
            data = {
                "event_id": event.id,
                "type": event.type,
                "project": event.project,
                "execution_id": event.execution_id,
            }
            _tell("event taken in", data)

    def attempted(self, call: Call, outcome: Outcome, delivery: Delivery) -> None:
        """Tell how an attempt ended, and how its delivery stands."""
        callback = call.listener.callback.type
        self._attempts_of(callback, outcome.kind.value).inc()
        self._states_of(delivery.state.value).inc()
        self._seconds_of(callback).observe(outcome.duration.total_seconds())
        if _log.isEnabledFor(logging.INFO):
            data = {
                "event_id": delivery.event_id,
                "listener_id": delivery.listener_id,
                "delivery_id": delivery.id,
                "attempt": call.attempt,
                "outcome": outcome.kind.value,
                "status": outcome.status,
                "error": outcome.error,
                "state": delivery.state.value,
                "duration_ms": round(outcome.duration.total_seconds() * 1000, 1),
            }
            _tell("attempt ended", data)

    def judged(self, listener: Listener, judgement: Judgement) -> None:
        """Tell what was found when a listener's condition was put to an event."""
        self._conditions_of(judgement.verdict.value).inc()
        if judgement.verdict is Verdict.ERROR:
            data = {"listener_id": listener.id, "error": judgement.reason}
            _log.warning("condition failed", extra=data)

    def unwritable(self, event_id: str, reason: str) -> None:
        """Tell that an event, or what became of it, can never be recorded."""
        self._unwritable.inc()
        data = {"event_id": event_id, "reason": reason}
        _log.error("cannot be recorded, ever", extra=data)

    def quarantined(self, reason: str) -> None:
        """Tell that a message was no event."""
        self._strays.inc()
        _log.warning("message set aside", extra={"reason": reason})


def _tell(message: str, data: Mapping[str, object]) -> None:
    # As `info` does, but for looking up which line of the code it stands in: that takes
    # as long as all the rest, and a log line of ours does not tell it.
    _log.handle(
        _log.makeRecord(
            _log.name, logging.INFO, __file__, 0, message, (), None, extra=data
        )
    )

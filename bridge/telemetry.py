# SPDX-License-Identifier: Apache-2.0
"""What the bridge tells its operators: metrics, and one wide log line for each thing.

Metrics are named by Prometheus' rules. A log line's message is a constant; its data
stand in ``extra``. Neither holds a body, a header or a URL.
"""

import logging
import math
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

from bridge import logs
from bridge.conditions.verdict import Judgement, Verdict
from bridge.model import Call, Delivery, Envelope, Listener, Outcome, OutcomeKind
from bridge.pulse import Totals

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
_LABELS: Final = (*map(floatToGoString, _BUCKETS), "+Inf")

_log = logging.getLogger("bridge")


class _Durations:
    """How long attempts took, counted as a histogram has it."""

    def __init__(self) -> None:
        self.counts = [0] * len(_LABELS)
        self.sum = 0.0

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(_BUCKETS, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[str, float]]:
        return list(zip(_LABELS, accumulate(self.counts), strict=True))


class Telemetry:
    """One registry of metrics, and the log.

    What is counted for each event is counted here, on the event loop, and told when the
    metrics are asked for: prometheus_client takes several times as long to count.
    """

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._events: Tally[str] = Tally()
        self._attempts: Tally[tuple[str, str]] = Tally()
        self._states: Tally[str] = Tally()
        self._durations: dict[str, _Durations] = {}
        self.registry.register(self)
        self._conditions = Counter(
            "notifier_bridge_conditions",
            "Conditions that were put to an event.",
            ["verdict"],
            registry=self.registry,
        )
        # prometheus_client takes longer to find them than to count
        self._conditions_of = cache(self._conditions.labels)
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

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a value that is asked for whenever the metrics are."""
        gauge = Gauge(f"notifier_bridge_{name}", text, registry=self.registry)
        gauge.set_function(value)

    def render(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return bytes(generate_latest(self.registry))

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted here; prometheus_client asks for it, in any thread."""
        yield _counter("events", "Events taken in.", ["kind"], self._events)
        yield _counter(
            "attempts",
            "Attempts that ended.",
            ["callback", "outcome"],
            self._attempts,
        )
        yield _counter(
            "deliveries",
            "States that deliveries came to by an attempt.",
            ["state"],
            self._states,
        )
        seconds = HistogramMetricFamily(
            "notifier_bridge_attempt_seconds",
            "How long attempts took.",
            labels=["callback"],
        )
        for callback, durations in list(self._durations.items()):
            seconds.add_metric([callback], durations.buckets(), durations.sum)
        yield seconds

    def totals(self) -> Totals:
        """Return what was counted so far, summed up over all kinds; on the event loop."""
        well = OutcomeKind.SUCCEEDED.value
        counts = [0] * len(_LABELS)
        for one in self._durations.values():
            counts = [a + b for a, b in zip(counts, one.counts, strict=True)]
        return Totals(
            events=self._events.total(),
            attempts=self._attempts.total(),
            succeeded=sum(n for (_, kind), n in self._attempts.items() if kind == well),
            bounds=(*_BUCKETS, math.inf),
            within=tuple(accumulate(counts)),
        )

    def flush(self) -> None:
        """Write the log lines that wait to be written together."""
        logs.flush()

    def taken(self, envelope: Envelope) -> None:
        """Tell that an event was taken in."""
        event = envelope.event
        self._events[event.kind] += 1
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
        callback, seconds = (
            call.listener.callback.type,
            outcome.duration.total_seconds(),
        )
        kind, state = outcome.kind.value, delivery.state.value
        self._attempts[callback, kind] += 1
        self._states[state] += delivery.size
        durations = self._durations.get(callback)
        if durations is None:
            durations = self._durations[callback] = _Durations()
        durations.note(seconds)
        if _log.isEnabledFor(logging.INFO):
            data = {
                "event_id": delivery.event_id,
                "listener_id": delivery.listener_id,
                "delivery_id": delivery.id,
                "attempt": call.attempt,
                "outcome": kind,
                "status": outcome.status,
                "error": outcome.error,
                "state": state,
                "duration_ms": round(seconds * 1000, 1),
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
    together = logs.frequent(_log)
    if together is None:
        _log.info(message, extra=data)
    else:
        together.tell(_log.name, message, data)


def _counter(
    name: str, text: str, labels: Iterable[str], counted: Tally[Any]
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"notifier_bridge_{name}", text, labels=list(labels))
    for key, count in list(counted.items()):
        family.add_metric([key] if isinstance(key, str) else key, count)
    return family

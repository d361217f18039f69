# SPDX-License-Identifier: Apache-2.0
"""A shop's day, as a bridge remembers it: orders, who was told of them, an endpoint that broke."""

import asyncio
import math
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bridge.model import (
    Attempt,
    CallbackSpec,
    Delivery,
    Envelope,
    Outcome,
    OutcomeKind,
    RetryPolicy,
    State,
)
from bridge.model.auth import BearerAuth
from bridge.model.lane_state import BreakerState, LaneState
from bridge.pulse import DAY, Pulse, Totals
from bridge.routing.explaining import explain
from bridge.store.journal import Entry
from notifier import wire
from notifier.event import Event
from tests.stored import a_listener, a_stray

OUTAGE = timedelta(minutes=7)
"""So long ago the shop's endpoint broke."""

STEP = timedelta(minutes=2)
BROKEN = "shop front"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.inf)
WITHIN = (0.02, 0.11, 0.52, 0.81, 0.93, 0.985, 0.995, 0.999, 1, 1, 1, 1)
REFUSED = "answered 503 Service Unavailable"
SHORT = RetryPolicy((timedelta(seconds=5), timedelta(minutes=2)))
ERRORS = {"charge": "card declined: insufficient funds", "ship": "no van before Monday"}


def a_webhook(url, **members):
    return CallbackSpec("http", f"https://{url}", **members)


LISTENERS = (
    {
        "name": "bookkeeping",
        "description": "Books every order that has come to its end.",
        "events": ("on-execution-complete",),
        "callback": a_webhook("ledger.shop.example/hooks/orders"),
        "ordered": True,
    },
    {
        "name": "on call",
        "description": "Whoever has the pager this week.",
        "workbook": "orders*",
        "events": ("on-task-error", "on-execution-error"),
        "callback": a_webhook("pager.example/v2/enqueue", headers={"X-Team": "orders"}),
    },
    {
        "name": BROKEN,
        "description": "Shows customers where their order is.",
        "workbook": "orders",
        "events": ("EXECUTION", "on-task-success"),
        "callback": a_webhook(
            "shop.example/api/orders/events", auth=BearerAuth("t0ken")
        ),
        "retry": SHORT,
    },
    {
        "name": "big orders",
        "description": "Sales calls who has ordered for more than 500.",
        "workbook": "orders",
        "events": ("on-execution-start",),
        "when": "$.payload.total > 500",
        "callback": a_webhook("sales.shop.example/hooks/big-orders"),
    },
    {
        "name": "data lake",
        "events": ("*",),
        "callback": CallbackSpec("amqp", exchange="lake.events"),
    },
    {
        "name": "gift wrapping",
        "workbook": "orders",
        "task": "wrap",
        "events": ("on-task-complete",),
        "enabled": False,
        "callback": a_webhook("wrapping.shop.example/done"),
    },
)


def a_day(ends_at):
    """Return the pulse of a day: quiet at night, busy at noon, an endpoint that breaks."""
    chance = random.Random(7)  # noqa: S311 - no secret
    state = {"at": ends_at - DAY, "all": Totals()}
    pulse = Pulse(lambda: state["all"], lambda: state["at"])
    while state["at"] < ends_at:
        state["at"] += STEP
        hour = (state["at"].timestamp() - ends_at.timestamp()) / 3600
        busy = 2 + 1.6 * math.sin((hour + 3) / 24 * math.tau) + chance.random() * 0.5
        lunch = 2.5 * math.exp(-((hour + 5) ** 2))
        events = (busy + lunch) * STEP.total_seconds()
        breaks = state["at"] > ends_at - OUTAGE or abs(hour + 15) < 0.4
        state["all"] = _grown(state["all"], events, 0.87 if breaks else 0.9985)
        pulse.look()
    return pulse


def _grown(total, events, success):
    attempts = total.attempts + 1.7 * events
    return Totals(
        total.events + events,
        attempts,
        total.succeeded + 1.7 * events * success,
        BOUNDS,
        tuple(share * attempts for share in WITHIN),
    )


@dataclass
class Shop:
    """What is told to a served bridge.

    Attributes:
        listeners: By name.
        deliveries: Of every event and listener, by order, event type and listener's name.
        events: Ids, by order and event type.
    """

    served: object
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    listeners: dict = field(default_factory=dict)
    deliveries: dict = field(default_factory=dict)
    events: dict = field(default_factory=dict)
    _chance: random.Random = field(
        default_factory=lambda: random.Random(48)  # noqa: S311 - no secret
    )

    def open(self):
        """Let the day be kept."""
        parts = self.served.parts
        opened = self.now - timedelta(days=12)
        for members in LISTENERS:
            times = {"created_at": opened, "updated_at": opened}
            one = a_listener(project="shop", **times, **members)
            parts.listener_store.add(one)
            self.listeners[one.name] = one
        for number in range(28):
            self._order(48213 + number, self.now - timedelta(minutes=56 - 2 * number))
        self._break()
        self._set_aside()

    def _order(self, number, began):
        fails = {5: "charge", 13: "ship", 25: "charge"}.get(number - 48213)
        told = [("execution.started", None, 0)]
        for task, after in (("reserve", 2), ("charge", 9), ("ship", 31)):
            word = "failed" if task == fails else "succeeded"
            told.append((f"task.{word}", task, after))
            if task == fails:
                break
        told.append((f"execution.{word}", None, after + 1))
        total = round(self._chance.uniform(18, 900), 2)
        for event_type, task, after in told:
            event = Event.new(
                event_type,
                execution={"id": f"order-{number}", "state": _state(event_type, task)},
                task=task and _task(task, event_type),
                source="/shop/engines/1",
                time=began + timedelta(seconds=after),
                engine="mistral",
                project="shop",
                workbook="orders",
                workflow="fulfil",
                payload={"customer": f"c-{number % 977}", "total": total},
            )
            if event.time < self.now:
                self._tell(event)

    def _tell(self, event):
        envelope = Envelope(event, wire.encode_body(event), wire.routing_key(event))
        came = event.time + timedelta(milliseconds=self._chance.randint(4, 30))
        made, tried = [], []
        for one in self.listeners.values():
            if one.enabled and self._hears(one, event, came):
                delivery, attempts = self._delivered(one, envelope, came)
                made.append(delivery)
                tried += attempts
                self.deliveries[event.execution_id, event.type, one.name] = delivery.id
        self.events[event.execution_id, event.type] = event.id
        self.served.journal.write([Entry((envelope, came), made, tried)])

    def _hears(self, listener, event, came):
        judgement = None
        if listener.when is not None:
            judging = self.served.parts.judge([listener.when], event.data)
            judging = asyncio.run_coroutine_threadsafe(judging, self.served.loop)
            (judgement,) = judging.result()
        return explain(listener, event, received_at=came, judgement=judgement).matches

    def _delivered(self, listener, envelope, came):
        delivery, attempts, at = Delivery.new(envelope, listener, came), [], came
        delays = (timedelta(), *listener.retry.delays)
        for number, delay in enumerate(delays, 1):
            at += delay
            if at > self.now:
                pending = {"due_at": at, "updated_at": attempts[-1].outcome.started_at}
                return replace(delivery, attempts=number - 1, **pending), attempts
            outcome = self._outcome(listener, at)
            attempts.append(Attempt(delivery.id, number, outcome))
            at += outcome.duration
            if outcome.kind is OutcomeKind.SUCCEEDED:
                done = {"state": State.DELIVERED, "attempts": number, "updated_at": at}
                return replace(delivery, **done), attempts
        dead = f"failed {len(delays)} times; the last time: {REFUSED}"
        done = {"state": State.DEAD, "attempts": len(delays), "updated_at": at}
        return replace(delivery, reason=dead, **done), attempts

    def _outcome(self, listener, at):
        took = timedelta(milliseconds=round(self._chance.lognormvariate(3.2, 0.6), 3))
        if listener.name == BROKEN and at > self.now - OUTAGE:
            said = b"upstream orders-db is not there, try again later"
            return Outcome(OutcomeKind.REFUSED, at, took, 503, REFUSED, said)
        if listener.callback.type == "amqp":
            return Outcome(OutcomeKind.SUCCEEDED, at, took)
        status, said = (202, b'{"queued": true}') if listener.workbook else (204, b"")
        return Outcome(OutcomeKind.SUCCEEDED, at, took, status, None, said)

    def _break(self):
        since = self.now - OUTAGE + timedelta(seconds=40)
        state = LaneState(
            self.listeners[BROKEN].id,
            breaker=BreakerState.OPEN,
            since=since,
            reason=REFUSED,
            limit=1,
            failing_since=self.now - OUTAGE,
            failed_at=self.now,
        )
        # of what is old nobody believes that it is still so
        later = self.now + timedelta(minutes=10)
        self.served.parts.lane_store.write([state], [], later)

    def _set_aside(self):
        strays = (
            (
                "body: is not JSON",
                "task.failed.shop.orders.fulfil.ship",
                b"ship: failed",
            ),
            (
                'type: "order.paid" is neither execution.… nor task.…',
                "order.paid",
                b"{}",
            ),
        )
        for number, (reason, key, body) in enumerate(strays):
            members = {"reason": reason, "routing_key": key, "body": body}
            at = self.now - timedelta(hours=3 + 5 * number)
            properties = {"app_id": "legacy-erp", "content_type": "text/plain"}
            stray = a_stray(properties=properties, taken_at=at, **members)
            self.served.parts.quarantine_store.add(stray)


def _state(event_type, task):
    if task is not None or event_type.endswith("started"):
        return "RUNNING"
    return "SUCCESS" if event_type.endswith("succeeded") else "ERROR"


def _task(name, event_type):
    if event_type.endswith("failed"):
        return {"name": name, "state": "ERROR", "error": ERRORS[name]}
    return {"name": name, "state": "SUCCESS"}

# SPDX-License-Identifier: Apache-2.0
"""What the API needs of the rest of the bridge."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bridge.api.admission import Admission
from bridge.api.rates import Rates
from bridge.conditions.verdict import Judgement
from bridge.feed import Feed
from bridge.issuer import Issuer
from bridge.model import Listener, Outcome, Quarantined
from bridge.pulse import Pulse
from bridge.registrar import Registrar
from bridge.store.deliveries import DeliveryStore
from bridge.store.events import EventStore
from bridge.store.glance import GlanceStore
from bridge.store.lanes import LaneStore
from bridge.store.listeners import ListenerStore
from bridge.store.quarantine import QuarantineStore
from bridge.store.replays import ReplayStore
from bridge.store.tokens import TokenStore
from bridge.workbook.workbooks import Workbooks
from notifier.event import Event
from notifier.verdict import Answer


class Sealing(Protocol):
    """Seals what others keep, so that they can neither read nor change it."""

    def seal(self, members: Mapping[str, Any]) -> bytes:
        """Return the members as a sealed text."""

    def open(self, sealed: bytes) -> dict[str, Any]:
        """Return what was sealed.

        Raises:
            KeyChanged: Not by this one.
        """


class Publisher(Protocol):
    """Brings events to the bus; called on threads of the API's pool."""

    def publish(self, events: Sequence[Event], *, timeout: timedelta) -> None:
        """Return once the bus has taken every event for good.

        Raises:
            InvalidEvent: One of them does not fit the bus; none was sent.
            PublishError: Some were not confirmed.
        """

    def call(self, event: Event, *, timeout: timedelta) -> tuple[Answer, ...] | None:
        """Publish one, and return what listeners answered; None: nobody in time.

        Raises:
            InvalidEvent: It does not fit the bus; it was not sent.
            PublishError: It was not confirmed.
        """


Judging = Callable[[Sequence[str], Mapping[str, Any]], Awaitable[Sequence[Judgement]]]
"""Puts conditions to an event's data; on the event loop, in bounded time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the service hands in.

    Attributes:
        sign_in: Knows whose a token is; None: nobody has to show one.
        rates: What projects may publish.
        feed: Of events as they are taken in; None: this process takes none in.
        glance: What the page shows.
        sealing: Of what the page lets browsers keep.
        pulse: How much this bridge has to do.
        requeue: Lets a message that was set aside be handled once more; blocks.
        judge: Puts conditions that people try out to an event.
        ping: Sends a test event to a listener once; called on the event loop.
        wake: Lets the scheduler look at once; any thread.
        now: The time that all bridges on the database agree on; any thread.
        health: Why the bridge is not ready; empty: it is. Quick; on the event loop.
        metrics: In Prometheus' text format; on the event loop.
        publish_timeout: For one request's events, to be confirmed.
    """

    sign_in: Admission | None
    issuer: Issuer
    rates: Rates
    registrar: Registrar
    workbooks: Workbooks
    listener_store: ListenerStore
    event_store: EventStore
    delivery_store: DeliveryStore
    replay_store: ReplayStore
    token_store: TokenStore
    lane_store: LaneStore
    quarantine_store: QuarantineStore
    glance: GlanceStore
    sealing: Sealing
    pulse: Pulse
    requeue: Callable[[Quarantined], None]
    publisher: Publisher
    feed: Feed | None
    judge: Judging
    ping: Callable[[Listener], Awaitable[Outcome]]
    wake: Callable[[], None]
    now: Callable[[], datetime]
    health: Callable[[], Sequence[str]]
    metrics: Callable[[], Awaitable[bytes]]
    publish_timeout: timedelta = timedelta(seconds=5)

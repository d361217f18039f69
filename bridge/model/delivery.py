# SPDX-License-Identifier: Apache-2.0
"""One event on its way to one listener, and every try to bring it there."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NewType

from bridge.model.listener import Listener, ListenerId
from notifier.event import Event

DeliveryId = NewType("DeliveryId", str)

EventKey = tuple[str, str]
"""Source and id of an event."""

MAX_ANSWER_BYTES: Final = 4096
"""So much of an answer's body is kept."""


# Base32, two letters at a time: `base64` takes three times as long.
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = tuple(one + other for one in _LETTERS for other in _LETTERS)
_PAIR: Final = len(_PAIRS) - 1
_ID_BYTES: Final = 20
_ID_PLACES: Final = range(150, -1, -10)


class State(Enum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


class OutcomeKind(Enum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """The receiver answered, but not with success."""
    GONE = "gone"
    """The receiver wants nothing more, ever (HTTP 410)."""
    FAILED = "failed"
    """No answer: no connection, broken off, not understood."""
    TIMED_OUT = "timed_out"
    BLOCKED = "blocked"
    """Not attempted: the target is one that the operator does not allow."""
    LOST = "lost"
    """The bridge ended before the attempt did."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt.

    Attributes:
        status: HTTP status, where there was an answer.
        error: One line for a person to read; holds no secret.
        answer: The first 4 KiB of the answer's body.
        retry_after: The receiver's own wish.
    """

    kind: OutcomeKind
    started_at: datetime
    duration: timedelta
    status: int | None = None
    error: str | None = None
    answer: bytes = field(default=b"", repr=False)
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its body as it was received; that body is what is sent on."""

    event: Event
    body: bytes = field(repr=False)
    routing_key: str

    @property
    def key(self) -> EventKey:
        """What makes the event one of a kind."""
        return self.event.source, self.event.id


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one listener.

    Attributes:
        id: Also the ``webhook-id``.
        attempts: How many ended so far.
        due_at: When it is tried next, while pending.
        reason: Why it is dead or cancelled, or what its receiver refused.
        position: Its place among those of its listener and execution, which are told
            one after the other; None: it waits for none.
        batch_id: The batch that it was last told in; a batch's own is its id.
        size: How many events it brings; a batch may bring more than one.
    """

    id: DeliveryId
    listener_id: ListenerId
    project: str
    event_source: str
    event_id: str
    event_type: str
    execution_id: str
    state: State
    created_at: datetime
    updated_at: datetime
    attempts: int = 0
    due_at: datetime | None = None
    reason: str | None = None
    position: int | None = None
    batch_id: DeliveryId | None = None
    size: int = 1

    @property
    def is_batch(self) -> bool:
        """Whether it stands for all deliveries of a batch."""
        return self.batch_id == self.id

    @classmethod
    def new(cls, envelope: Envelope, listener: Listener, now: datetime) -> "Delivery":
        """Return the delivery of an event to a listener, nothing tried yet."""
        event = envelope.event
        return cls(
            id=delivery_id(event.source, event.id, listener.id),
            listener_id=listener.id,
            project=event.project,
            event_source=event.source,
            event_id=event.id,
            event_type=event.type,
            execution_id=event.execution_id,
            state=State.PENDING,
            created_at=now,
            updated_at=now,
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One ended try of a delivery; `number` counts from 1."""

    delivery_id: DeliveryId
    number: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Call:
    """What a callback is handed for one attempt; `attempt` counts from 1.

    Attributes:
        wait: So long somebody waits for the answer; None: nobody does.
        trace: Headers of W3C Trace Context to send; None: the event's own.
    """

    delivery_id: DeliveryId
    attempt: int
    listener: Listener
    envelope: Envelope
    wait: timedelta | None = None
    trace: Mapping[str, str] | None = None


def delivery_id(source: str, event_id: str, listener_id: ListenerId) -> DeliveryId:
    """Return the id of an event's delivery to a listener, the same every time."""
    key = f"{source}\0{event_id}\0{listener_id}"
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:_ID_BYTES])
    pairs = [_PAIRS[number >> bits & _PAIR] for bits in _ID_PLACES]
    return DeliveryId("dlv_" + "".join(pairs))

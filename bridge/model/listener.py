# SPDX-License-Identifier: Apache-2.0
"""Who wants to hear which events, and how to tell them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Literal, NewType

from bridge.model.auth import Auth
from bridge.model.batch import Batching
from bridge.model.signing import FormerSecret, Signing

OnTimeout = Literal["accept", "refuse"]

ListenerId = NewType("ListenerId", str)

DEFAULT_DELAYS: Final = tuple(
    timedelta(seconds=s)
    for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
DEFAULT_TIMEOUT: Final = timedelta(seconds=15)
DEFAULT_MAX_IN_FLIGHT: Final = 64


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a delivery is tried again.

    Attributes:
        delays: Time from a failed attempt to the next; after the last it is dead.
        jitter: Each delay is varied by up to this share of itself, 0 to 1.
    """

    delays: tuple[timedelta, ...] = DEFAULT_DELAYS
    jitter: float = 0.2


class Mode(Enum):
    """Whether somebody may wait for a listener's answer."""

    CAST = "cast"
    """It is told; what it answers matters to nobody but the bridge."""
    CALL = "call"
    """An engine that asks for it waits for the answer, which may be no."""


class Format(Enum):
    """What an event looks like where it arrives."""

    STANDARD = "standard"
    """Its body as it is, attributes in headers: CloudEvents' binary mode."""
    CLOUDEVENTS = "cloudevents"
    """One JSON object with both: CloudEvents' structured mode."""
    CLOUDEVENTS_BATCH = "cloudevents-batch"
    """An array of such objects: CloudEvents' JSON batch format."""


@dataclass(frozen=True, slots=True)
class CallbackSpec:
    """How a listener is told.

    Attributes:
        type: Name of the callback that understands the rest: ``http``, ``amqp``, ….
        url: ``http``: where to.
        method: ``http``: POST, PUT or PATCH.
        headers: ``http``: sent along. Their values may be secret.
        auth: ``http``: how the bridge signs in.
        exchange: ``amqp``: name of the exchange.
        routing_key: ``amqp``: what follows the project; None: the event's own key.
        format: What the event looks like there.
        timeout: For one attempt as a whole.
        mode: Whether somebody may wait for the answer.
        on_timeout: What silence counts as, of a call; None: nobody waits.
        batch: How many events are told together; None: each by itself.
        options: What a plug-in needs beyond.
    """

    type: str
    url: str | None = None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Auth | None = None
    exchange: str | None = None
    routing_key: str | None = None
    format: Format = Format.STANDARD
    timeout: timedelta = DEFAULT_TIMEOUT
    mode: Mode = Mode.CAST
    on_timeout: OnTimeout | None = None
    batch: Batching | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Listener:
    """One subscription.

    What is None is not looked at; `workbook`, `workflow` and `task` may hold ``*``.

    Attributes:
        events: As they were given: types, groups, aliases, globs.
        when: Condition in YAQL over the event's ``data``.
        filters: All let the event pass, by its attributes; as they were given.
        secret: Signs what is sent, ``whsec_…``.
        rate_per_second: Attempts that begin in a second at most; None: any number.
        allowed_rate: What its receiver said it takes of them; None: it said nothing.
        key: Signs it by ``v1a``: a private key, ``whsk_…``; None: not needed yet.
        signing: By which of the two.
        former: Secrets that were taken out of use, and sign along for a while.
        ordered: Each execution's events are told one after the other.
        starting: It is new, and told of the past until it has caught up.
        disabled_reason: Why the bridge itself turned it off.
        workbook_key: What its workbook knows it by; None: it was made by hand.
        revision: Counts its changes, from 1.
    """

    id: ListenerId
    project: str
    name: str | None
    events: tuple[str, ...]
    callback: CallbackSpec
    secret: str = field(repr=False)
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    workbook: str | None = None
    workflow: str | None = None
    execution_id: str | None = None
    task: str | None = None
    when: str | None = None
    filters: Sequence[Mapping[str, Any]] = ()
    ordered: bool = False
    max_in_flight: int = DEFAULT_MAX_IN_FLIGHT
    rate_per_second: float | None = None
    retry: RetryPolicy = RetryPolicy()
    enabled: bool = True
    disabled_reason: str | None = None
    workbook_key: str | None = None
    revision: int = 1
    signing: Signing = Signing.V1
    key: str | None = field(default=None, repr=False)
    former: tuple[FormerSecret, ...] = ()
    starting: bool = False
    allowed_rate: float | None = None

    @property
    def rate(self) -> float | None:
        """Attempts that begin in a second at most, whoever says so; None: any number."""
        said = (self.rate_per_second, self.allowed_rate)
        return min((one for one in said if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class ListenerDraft:
    """What somebody wishes a listener to be; the bridge adds the rest.

    Attributes:
        secret: None: made for a new listener, kept for an old one.
    """

    events: tuple[str, ...]
    callback: CallbackSpec
    project: str = "default"
    name: str | None = None
    description: str | None = None
    workbook: str | None = None
    workflow: str | None = None
    execution_id: str | None = None
    task: str | None = None
    when: str | None = None
    filters: Sequence[Mapping[str, Any]] = ()
    ordered: bool = False
    max_in_flight: int = DEFAULT_MAX_IN_FLIGHT
    rate_per_second: float | None = None
    retry: RetryPolicy = RetryPolicy()
    enabled: bool = True
    signing: Signing = Signing.V1
    secret: str | None = field(default=None, repr=False)

    def listener(self, listener_id: ListenerId, secret: str, now: datetime) -> Listener:
        """Return the listener that it makes."""
        members = {one.name: getattr(self, one.name) for one in fields(self)}
        times = {"created_at": now, "updated_at": now}
        return Listener(**{**members, "id": listener_id, "secret": secret, **times})

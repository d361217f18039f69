# SPDX-License-Identifier: Apache-2.0
"""What is said at the bridge's HTTP door: events in requests, and its answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Self

from notifier.errors import Conflict, InvalidEvent, Refused
from notifier.event import Event
from notifier.verdict import Answer as ListenerAnswer
from notifier.wire import MAX_BODY_BYTES, routing_key, to_cloudevent
from notifier.wire.body import check_size, encode_json
from notifier.wire.call import answers_in
from notifier.wire.cloudevents import BATCH, STRUCTURED

MAX_EVENTS: Final = 1000
"""So many may stand in one request."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one request.

    Attributes:
        form: Media type of the body.
    """

    ids: tuple[str, ...]
    form: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bridge says to one request.

    Attributes:
        detail: One line for a person to read.
        field: The one at fault, if the event is.
        reason: What is wrong with it.
        event_ids: Those not confirmed; empty means all.
        answers: Of listeners that were waited for; None: there are none.
    """

    status: int
    detail: str
    field: str | None = None
    reason: str = ""
    event_ids: tuple[str, ...] = ()
    answers: tuple[ListenerAnswer, ...] | None = None

    @classmethod
    def read(cls, status: int, body: bytes) -> Self:
        """Return the answer of a bridge, or of whatever stands in its place."""
        problem = _object(body)
        errors, ids = problem.get("errors"), problem.get("event_ids")
        fault = errors[0] if isinstance(errors, list) and errors else {}
        is_named = isinstance(fault, dict) and "field" in fault
        return cls(
            status,
            detail=str(problem.get("detail") or f"HTTP status {status}"),
            field=str(fault["field"]) if is_named else None,
            reason=str(fault.get("reason")) if is_named else "",
            event_ids=tuple(map(str, ids)) if isinstance(ids, list) else (),
            answers=answers_in(problem.get("verdict")),
        )

    def raise_if_final(self, ids: Sequence[str]) -> None:
        """Raise what it means, unless the same may be accepted a little later.

        Raises:
            Conflict: Another event of the same source and id is known.
            InvalidEvent: The bridge names a field that is wrong.
            Refused: Anything else.
        """
        passing = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
        if self.status in passing or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return
        if self.status == HTTPStatus.CONFLICT:
            raise Conflict(self.detail, ids)
        if self.field is not None:
            raise InvalidEvent(self.field, self.reason)
        raise Refused(self.detail, ids)


def batches(events: Sequence[Event]) -> Iterator[Batch]:
    """Yield requests that hold the events in their order.

    Raises:
        InvalidEvent: One of them fits no request; raised before the first is yielded.
    """
    encoded = [(event.id, _encode(event)) for event in events]
    start = 0
    while start < len(encoded):
        end, size = start, 0
        while end < len(encoded) and end - start < MAX_EVENTS:
            size += len(encoded[end][1]) + 1  # a comma or a bracket
            if end > start and size >= MAX_BODY_BYTES:
                break
            end += 1
        yield _batch(encoded[start:end])
        start = end


def _encode(event: Event) -> bytes:
    routing_key(event)  # what fits no broker would be refused behind the door
    encoded = encode_json("data", to_cloudevent(event))
    check_size(encoded)
    return encoded


def _batch(encoded: Sequence[tuple[str, bytes]]) -> Batch:
    ids = tuple(one for one, _ in encoded)
    if len(encoded) == 1:
        return Batch(ids, STRUCTURED, encoded[0][1])
    return Batch(ids, BATCH, b"[" + b",".join(body for _, body in encoded) + b"]")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}

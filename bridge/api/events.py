# SPDX-License-Identifier: Apache-2.0
"""``/v1/events``: the door for engines without a broker, and a window on the bus."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from bridge.api.parts import Parts
from bridge.api.shown import event_json
from bridge.errors import Invalid
from bridge.feed import Feed
from bridge.model import Envelope
from notifier import verdict as verdicts
from notifier.wire import encode_body, from_http, routing_key, to_cloudevent
from notifier.wire.call import MAX_WAIT, verdict_json

PATH: Final = "/v1/events"
MAX_WAITING: Final = 32
"""So many requests wait for a verdict at the same time, as many as one publisher's calls;
others wait for their turn."""

PING_AFTER: Final = timedelta(seconds=15)
"""A stream is never silent for longer, so that a dead connection is noticed."""


class AcceptedEvent(BaseModel):
    """An event that the bus has taken for good."""

    id: str
    source: str
    type: str
    routing_key: str


class ListenerAnswer(BaseModel):
    """What one listener answered, or what its silence counts as."""

    listener_id: str
    name: str | None
    accepted: bool
    answered: bool
    reason: str | None


class Verdict(BaseModel):
    """What came of waiting for those listeners whose callback says `mode: call`."""

    verdict: Literal["accepted", "refused", "unanswered"]
    answers: list[ListenerAnswer]


class AcceptedEvents(BaseModel):
    """The events of one request, in its order; with `wait`, the verdict on it."""

    events: list[AcceptedEvent]
    verdict: Verdict | None = None


class KeptEvent(BaseModel):
    """An event that was taken in; `event` is in CloudEvents' structured form."""

    event: dict[str, Any]
    routing_key: str
    received_at: str


Bindings = Annotated[
    Sequence[str], Query(description="An event is shown when any of them accepts it.")
]


Wait = Annotated[
    float | None,
    Query(
        gt=0,
        le=MAX_WAIT.total_seconds(),
        description="Of one event: seconds to wait for listeners that may refuse it.",
    ),
]


async def _body(request: Request) -> bytes:
    return await request.body()


_REQUEST_BODY: Final = {
    "required": True,
    "description": "One event or a list; plain, or CloudEvents binary or structured.",
    "content": {
        form: {"schema": {"type": ["object", "array"]}}
        for form in (
            "application/json",
            "application/cloudevents+json",
            "application/cloudevents-batch+json",
        )
    },
}


class EventRoutes:
    """The handlers; what blocks runs on threads."""

    def __init__(self, parts: Parts) -> None:
        self._waiting = CapacityLimiter(MAX_WAITING)
        self._store = parts.event_store
        self._publisher = parts.publisher
        self._timeout = parts.publish_timeout
        self._feed = parts.feed

    async def publish(
        self,
        request: Request,
        body: Annotated[bytes, Depends(_body)],
        wait: Wait = None,
    ) -> Response:
        """Publish one event, or a list; answers when the bus has them for good.

        An event of a source and id that are known already is taken once. One object
        may be the plain body, with or without `ce-*` headers, or a CloudEvent. With
        `wait`, the answer also holds the verdict of the listeners that may refuse it.
        """
        headers = request.headers
        if wait is None:
            return await run_in_threadpool(self._publish, headers, body)
        call = partial(self._call, headers, body, time.monotonic() + wait)
        # On threads of their own: who waits holds up no other request.
        return await to_thread.run_sync(call, limiter=self._waiting)

    def _publish(self, headers: Mapping[str, str], body: bytes) -> Response:
        envelopes = self._checked(headers, body)
        events = [envelope.event for envelope in envelopes]
        self._publisher.publish(events, timeout=self._timeout)
        return _accepted(envelopes)

    def _call(
        self, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> Response:
        envelopes = self._checked(headers, body)
        if len(envelopes) != 1:
            raise Invalid("wait", f"takes one event, not {len(envelopes)}")
        left = timedelta(seconds=max(deadline - time.monotonic(), 0))
        answers = self._publisher.call(envelopes[0].event, timeout=left)
        if answers is None:
            return _accepted(envelopes, {"verdict": "unanswered", "answers": []})
        return _accepted(envelopes, verdict_json(verdicts.Verdict.of(answers)))

    def _checked(self, headers: Mapping[str, str], body: bytes) -> list[Envelope]:
        envelopes = [
            Envelope(event, encode_body(event), routing_key(event))
            for event in from_http(headers, body)
        ]
        self._store.check(envelopes)
        return envelopes

    def get(self, event_id: str) -> Response:
        """Show one event; of several sources with this id, the latest."""
        return JSONResponse(event_json(self._store.get(None, event_id)))

    async def stream(self, binding: Bindings = ("#",)) -> Response:
        """Watch events as they come in (server-sent events).

        Each message is one CloudEvent in structured form; lines that begin with a
        colon are comments. Bindings are those of a topic exchange: `task.failed.#`.
        """
        if self._feed is None:
            raise HTTPException(
                503,
                "this process takes no events in (--no-worker); ask one that does, or "
                "the broker: notifier tail with AMQP_URL",
            )
        return StreamingResponse(
            _messages(self._feed, binding),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = EventRoutes(parts)
    api = APIRouter(tags=["events"])
    api.add_api_route(
        PATH,
        routes.publish,
        name="publish_events",
        methods=["POST"],
        status_code=202,
        response_model=AcceptedEvents,
        openapi_extra={"requestBody": _REQUEST_BODY},
    )
    api.add_api_route(
        f"{PATH}/stream",
        routes.stream,
        name="stream_events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    # An id may hold slashes.
    api.add_api_route(
        f"{PATH}/{{event_id:path}}",
        routes.get,
        name="get_event",
        response_model=KeptEvent,
    )
    return api


def _accepted(
    envelopes: Sequence[Envelope], verdict: Mapping[str, Any] | None = None
) -> Response:
    accepted = [
        {
            "id": envelope.event.id,
            "source": envelope.event.source,
            "type": envelope.event.type,
            "routing_key": envelope.routing_key,
        }
        for envelope in envelopes
    ]
    said = {} if verdict is None else {"verdict": verdict}
    return JSONResponse({"events": accepted, **said}, 202)


def message(envelope: Envelope) -> bytes:
    r"""Return an event as a server-sent event.

    ::

        id: 6c1f…\n
        event: task.failed\n
        data: {"specversion": "1.0", …}\n
        \n
    """
    event = envelope.event
    data = json.dumps(to_cloudevent(event), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.type}\ndata: {data}\n\n".encode()


async def _messages(feed: Feed, bindings: Sequence[str]) -> AsyncIterator[bytes]:
    told = 0
    with feed.subscribe(bindings) as subscription:
        # Whoever reads this will miss nothing that comes in from now on.
        yield b": watching\n\n"
        while True:
            try:
                async with asyncio.timeout(PING_AFTER.total_seconds()):
                    envelope = await anext(subscription)
            except TimeoutError:
                yield b": ping\n\n"
                continue
            except StopAsyncIteration:
                return
            if subscription.dropped > told:
                told = subscription.dropped
                yield f": {told} events were dropped so far\n\n".encode()
            yield message(envelope)

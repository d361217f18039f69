# SPDX-License-Identifier: Apache-2.0
"""``/v1/events``: the door for engines without a broker, and a window on the bus."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, StringConstraints

from bridge.api.parts import Parts
from bridge.api.roles import Caller
from bridge.api.shown import event_json
from bridge.api.watching import watch
from bridge.errors import Invalid, NotAllowed
from bridge.model import Access, Envelope
from notifier import verdict as verdicts
from notifier.event import Event
from notifier.topology import MAX_KEY_BYTES
from notifier.wire import encode_body, from_http, routing_key
from notifier.wire.call import MAX_WAIT, verdict_json

PATH: Final = "/v1/events"
MAX_WAITING: Final = 32
"""So many requests wait for a verdict at the same time, as many as one publisher's calls;
others wait for their turn."""


MAX_BINDINGS: Final = 16
"""Of one watcher; each is looked at for every event, on the event loop."""


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
    Sequence[Annotated[str, StringConstraints(max_length=MAX_KEY_BYTES)]],
    Query(
        max_length=MAX_BINDINGS,
        description="An event is shown when any of them accepts it.",
    ),
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
        self._rates = parts.rates
        self._sign_in = parts.sign_in

    async def publish(
        self,
        caller: Caller,
        request: Request,
        body: Annotated[bytes, Depends(_body)],
        wait: Wait = None,
    ) -> Response:
        """Publish one event, or a list; answers when the bus has them for good.

        An event of a source and id that are known already is taken once. One object
        may be the plain body, with or without `ce-*` headers, or a CloudEvent. With
        `wait`, the answer also holds the verdict of the listeners that may refuse it.
        """
        read = partial(self._read, caller, request.headers, body)
        if wait is None:
            return await run_in_threadpool(self._publish, read)
        call = partial(self._call, read, time.monotonic() + wait)
        # On threads of their own: who waits holds up no other request.
        return await to_thread.run_sync(call, limiter=self._waiting)

    def _publish(self, read: Callable[[], list[Envelope]]) -> Response:
        envelopes = read()
        events = [envelope.event for envelope in envelopes]
        self._publisher.publish(events, timeout=self._timeout)
        return _accepted(envelopes)

    def _call(self, read: Callable[[], list[Envelope]], deadline: float) -> Response:
        envelopes = read()
        if len(envelopes) != 1:
            raise Invalid("wait", f"takes one event, not {len(envelopes)}")
        left = timedelta(seconds=max(deadline - time.monotonic(), 0))
        answers = self._publisher.call(envelopes[0].event, timeout=left)
        if answers is None:
            return _accepted(envelopes, {"verdict": "unanswered", "answers": []})
        return _accepted(envelopes, verdict_json(verdicts.Verdict.of(answers)))

    def _read(
        self, caller: Access, headers: Mapping[str, str], body: bytes
    ) -> list[Envelope]:
        envelopes = [
            Envelope(event, encode_body(event), routing_key(event))
            for event in (owned(caller, one) for one in from_http(headers, body))
        ]
        self._store.check(envelopes)
        for project, count in Counter(e.event.project for e in envelopes).items():
            self._rates.take(project, count)
        return envelopes

    def get(self, caller: Caller, event_id: str) -> Response:
        """Show one event; of several sources with this id, the latest."""
        return JSONResponse(event_json(self._store.get(caller.project, event_id)))

    async def stream(self, caller: Caller, binding: Bindings = ("#",)) -> Response:
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
            watch(
                self._feed, binding, caller.project, partial(self._is_still_in, caller)
            ),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def _is_still_in(self, caller: Access) -> bool:
        return self._sign_in is None or await self._sign_in.is_still_in(caller)


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


def owned(caller: Access, event: Event) -> Event:
    """Return an event; one that names no project is of the caller's.

    Raises:
        NotAllowed: It names another.
        Invalid: It is none that engines may tell.
    """
    if event.kind == "listener":
        raise Invalid("type", "is told by bridges alone; take execution. or task.")
    try:
        project = caller.within(event.data.get("project"))
    except NotAllowed as err:
        raise NotAllowed("data.project", err.reason) from err
    if project is None or project == event.project:
        return event
    return replace(event, data={**event.data, "project": project})

# SPDX-License-Identifier: Apache-2.0
"""``/v1/explanations``: why an event did or did not reach a listener."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bridge.api.deliveries import DeliveryShown
from bridge.api.parts import Parts
from bridge.api.roles import Caller
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT
from bridge.api.shown import delivery_json
from bridge.model import Access, Delivery, Listener, ListenerId, delivery_id
from bridge.routing.explaining import Explanation, explain
from bridge.store.events import StoredEvent

PATH: Final = "/v1/explanations"


class ExplanationFilter(BaseModel):
    """Which event is meant, and which listeners."""

    model_config = {"extra": "forbid"}

    event: str = Field(description="Its id.")
    listener: str | None = Field(None, description="Its id. Default: every one.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="`next` of the page before.")


class CriterionShown(BaseModel):
    """One thing that a listener asks for, and what the event has."""

    name: str = Field(examples=["events", "workbook", "when"])
    wanted: str = Field(examples=["on-task-error"])
    found: str | None = Field(examples=["task.succeeded"])
    holds: bool
    reason: str | None


class ExplanationShown(BaseModel):
    """Why an event is for a listener or not, and what became of it."""

    event_id: str
    event_type: str
    listener_id: str
    listener_name: str | None
    matches: bool = Field(description="Whether everything holds, as it is now.")
    changed_since: bool = Field(
        description="The listener was changed after the event came in."
    )
    criteria: list[CriterionShown]
    delivery: DeliveryShown | None = Field(description="What was really done.")


class ExplanationPage(BaseModel):
    """One for each listener of the event's project, in the order of their ids."""

    explanations: list[ExplanationShown]
    next: str | None


class ExplanationRoutes:
    """The handlers, on the event loop; what blocks runs on threads."""

    def __init__(self, parts: Parts) -> None:
        self._listeners = parts.listener_store
        self._events = parts.event_store
        self._deliveries = parts.delivery_store
        self._judge = parts.judge

    async def find(
        self, caller: Caller, wanted: Annotated[ExplanationFilter, Query()]
    ) -> JSONResponse:
        """Say why an event did or did not reach listeners, criterion by criterion."""
        stored, listeners, following = await run_in_threadpool(
            self._look, caller, wanted
        )
        found = await self.explain(stored, listeners)
        return JSONResponse({"explanations": found, "next": following})

    async def explain(
        self, stored: StoredEvent, listeners: Sequence[Listener]
    ) -> list[dict[str, Any]]:
        """Return the JSON of one explanation for each listener."""
        event = stored.envelope.event
        asked = [one.when for one in listeners if one.when is not None]
        judged = iter(await self._judge(asked, event.data))
        deliveries = await run_in_threadpool(self._told, stored, listeners)
        shown = []
        for listener in listeners:
            judgement = None if listener.when is None else next(judged)
            explanation = explain(
                listener,
                event,
                received_at=stored.received_at,
                judgement=judgement,
            )
            shown.append(
                _json(stored, listener, explanation, deliveries.get(listener.id))
            )
        return shown

    def _look(
        self, caller: Access, wanted: ExplanationFilter
    ) -> tuple[StoredEvent, list[Listener], str | None]:
        stored = self._events.get(caller.project, wanted.event)
        if wanted.listener is not None:
            one = self._listeners.get(caller.project, ListenerId(wanted.listener))
            return stored, [one], None
        found = self._listeners.find(
            limit=wanted.limit + 1,
            after=None if wanted.after is None else ListenerId(wanted.after),
            project=stored.envelope.event.project,
        )
        page = found[: wanted.limit]
        return stored, page, page[-1].id if len(found) > len(page) else None

    def _told(
        self, stored: StoredEvent, listeners: Sequence[Listener]
    ) -> dict[ListenerId, Delivery]:
        source, event_id = stored.envelope.key
        ids = [delivery_id(source, event_id, one.id) for one in listeners]
        return {one.listener_id: one for one in self._deliveries.of_ids(ids)}


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = ExplanationRoutes(parts)
    api = APIRouter(tags=["explanations"])
    api.add_api_route(
        PATH, routes.find, name="find_explanations", response_model=ExplanationPage
    )
    return api


def _json(
    stored: StoredEvent,
    listener: Listener,
    explanation: Explanation,
    delivery: Delivery | None,
) -> dict[str, Any]:
    event = stored.envelope.event
    return {
        "event_id": event.id,
        "event_type": event.type,
        "listener_id": listener.id,
        "listener_name": listener.name,
        "matches": explanation.matches,
        "changed_since": listener.updated_at > stored.received_at,
        "criteria": [
            {
                "name": one.name,
                "wanted": one.wanted,
                "found": one.found,
                "holds": one.holds,
                "reason": one.reason,
            }
            for one in explanation.criteria
        ],
        "delivery": None if delivery is None else delivery_json(delivery),
    }

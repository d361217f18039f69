# SPDX-License-Identifier: Apache-2.0
"""``/v1/deliveries``: who was told, when, what they answered; and once more, please."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bridge.api.cursors import cursor_of, read_cursor
from bridge.api.parts import Parts
from bridge.api.roles import Caller
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT, Outcome
from bridge.api.shown import attempt_json, delivery_json
from bridge.model import DeliveryId, State
from bridge.store.deliveries import DeliveryStore

PATH: Final = "/v1/deliveries"


class DeliveryFilter(BaseModel):
    """Which deliveries are asked for; what is not given is not looked at."""

    model_config = {"extra": "forbid"}

    project: str | None = None
    listener: str | None = Field(None, description="Its id.")
    event: str | None = Field(None, description="Its id.")
    execution: str | None = Field(None, description="Its id.")
    batch: str | None = Field(None, description="Its id.")
    state: State | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="`next` of the page before.")


class DeliveryShown(BaseModel):
    """One event for one listener."""

    id: str = Field(description="Also the `webhook-id`.")
    project: str
    listener_id: str
    event_id: str
    event_source: str
    event_type: str
    execution_id: str
    state: State
    reason: str | None = Field(description="Why it is dead or cancelled.")
    attempt_count: int
    batch_id: str | None = Field(
        description="The batch that it was last told in: the `webhook-id` then."
    )
    due_at: str | None = Field(description="When it is tried next.")
    created_at: str
    updated_at: str


class AttemptShown(Outcome):
    """One try of a delivery that ended; `number` counts from 1."""

    number: int
    started_at: str


class DeliveryStory(DeliveryShown):
    """A delivery with all its attempts."""

    attempts: list[AttemptShown]


class DeliveryPage(BaseModel):
    """Some deliveries, the latest first; `next` is the `after` of the page behind."""

    deliveries: list[DeliveryShown]
    next: str | None


class DeliveryRoutes:
    """The handlers; they block and run on threads."""

    def __init__(
        self,
        store: DeliveryStore,
        wake: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._wake = wake
        self._now = now

    def find(
        self, caller: Caller, wanted: Annotated[DeliveryFilter, Query()]
    ) -> JSONResponse:
        """List deliveries, the latest first."""
        after = None if wanted.after is None else read_cursor(wanted.after)
        found = self._store.find(
            limit=wanted.limit + 1,
            before=None if after is None else (after[0], DeliveryId(after[1])),
            project=caller.within(wanted.project),
            listener_id=wanted.listener,
            event_id=wanted.event,
            execution_id=wanted.execution,
            batch_id=wanted.batch,
            state=None if wanted.state is None else wanted.state.value,
        )
        page = found[: wanted.limit]
        more = len(found) > len(page)
        return JSONResponse(
            {
                "deliveries": [delivery_json(one) for one in page],
                "next": cursor_of(page[-1].created_at, page[-1].id) if more else None,
            }
        )

    def get(self, caller: Caller, delivery_id: str) -> JSONResponse:
        """Show one delivery and its attempts."""
        delivery, attempts = self._store.get(caller.project, DeliveryId(delivery_id))
        story = [attempt_json(one) for one in attempts]
        return JSONResponse(delivery_json(delivery) | {"attempts": story})

    def retry(self, caller: Caller, delivery_id: str) -> JSONResponse:
        """Try a delivery again now, whatever became of it before."""
        key = DeliveryId(delivery_id)
        delivery = self._store.retry(caller.project, key, self._now())
        self._wake()
        return JSONResponse(delivery_json(delivery), 202)


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = DeliveryRoutes(parts.delivery_store, parts.wake, parts.now)
    one = f"{PATH}/{{delivery_id}}"
    api = APIRouter(tags=["deliveries"])
    api.add_api_route(
        PATH, routes.find, name="find_deliveries", response_model=DeliveryPage
    )
    api.add_api_route(
        one, routes.get, name="get_delivery", response_model=DeliveryStory
    )
    api.add_api_route(
        f"{one}/retry",
        routes.retry,
        name="retry_delivery",
        methods=["POST"],
        status_code=202,
        response_model=DeliveryShown,
    )
    return api

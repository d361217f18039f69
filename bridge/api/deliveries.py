# SPDX-License-Identifier: Apache-2.0
"""``/v1/deliveries``: who was told, when, what they answered; and once more, please."""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bridge.api.parts import Parts
from bridge.api.roles import Caller
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT, Outcome
from bridge.api.shown import attempt_json, delivery_json
from bridge.errors import Invalid
from bridge.model import Delivery, DeliveryId, State
from bridge.store.deliveries import DeliveryStore

PATH: Final = "/v1/deliveries"

_NO_CURSOR: Final = "is no `next` of this list"

Cursor = tuple[datetime, DeliveryId]


class DeliveryFilter(BaseModel):
    """Which deliveries are asked for; what is not given is not looked at."""

    model_config = {"extra": "forbid"}

    project: str | None = None
    listener: str | None = Field(None, description="Its id.")
    event: str | None = Field(None, description="Its id.")
    execution: str | None = Field(None, description="Its id.")
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
        found = self._store.find(
            limit=wanted.limit + 1,
            before=None if wanted.after is None else read_cursor(wanted.after),
            project=caller.within(wanted.project),
            listener_id=wanted.listener,
            event_id=wanted.event,
            execution_id=wanted.execution,
            state=None if wanted.state is None else wanted.state.value,
        )
        page = found[: wanted.limit]
        more = len(found) > len(page)
        return JSONResponse(
            {
                "deliveries": [delivery_json(one) for one in page],
                "next": cursor_after(page[-1]) if more else None,
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


def cursor_after(delivery: Delivery) -> str:
    """Return the cursor of the page behind a delivery."""
    text = f"{delivery.created_at.isoformat()} {delivery.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Cursor:
    """Return what `cursor_after` wrote.

    Raises:
        Invalid: It did not write this.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        if not text.isprintable():  # NUL fits no column of PostgreSQL's
            raise Invalid("after", _NO_CURSOR)
        created_at, delivery_id = text.split(" ")
        return datetime.fromisoformat(created_at).astimezone(UTC), DeliveryId(
            delivery_id
        )
    except (binascii.Error, ValueError, OverflowError) as err:
        raise Invalid("after", _NO_CURSOR) from err

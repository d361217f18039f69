# SPDX-License-Identifier: Apache-2.0
"""``/v1/quarantine``: messages that were set aside; to be looked at, and tried again.

Whose they are is not known: they are shown to those who may see every project's.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bridge.api.cursors import cursor_of, read_cursor
from bridge.api.parts import Parts
from bridge.api.roles import Caller
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT
from bridge.model import Quarantined, QuarantinedId
from bridge.store.quarantine import QuarantineStore
from notifier.wire.body import format_time

PATH: Final = "/v1/quarantine"


class QuarantineFilter(BaseModel):
    """Which messages are asked for."""

    model_config = {"extra": "forbid"}

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="`next` of the page before.")


class QuarantinedShown(BaseModel):
    """A message that was set aside."""

    id: str
    reason: str
    routing_key: str
    message_id: str | None
    size: int = Field(description="Of its body, in bytes.")
    taken_at: str


class QuarantinedWhole(QuarantinedShown):
    """The same with all that came with it; what is no UTF-8 is replaced."""

    properties: dict[str, Any]
    headers: dict[str, Any]
    body: str


class QuarantinePage(BaseModel):
    """Some messages, the latest first; `next` is the `after` of the page behind."""

    quarantine: list[QuarantinedShown]
    next: str | None


class QuarantineRoutes:
    """The handlers; they block and run on threads."""

    def __init__(
        self, store: QuarantineStore, requeue: Callable[[Quarantined], None]
    ) -> None:
        self._store = store
        self._requeue = requeue

    def find(
        self, _: Caller, wanted: Annotated[QuarantineFilter, Query()]
    ) -> JSONResponse:
        """List messages that were set aside, the latest first."""
        after = None if wanted.after is None else read_cursor(wanted.after)
        before = None if after is None else (after[0], QuarantinedId(after[1]))
        found = self._store.find(limit=wanted.limit + 1, before=before)
        page = found[: wanted.limit]
        more = len(found) > len(page)
        return JSONResponse(
            {
                "quarantine": [_json(one) for one in page],
                "next": cursor_of(page[-1].taken_at, page[-1].id) if more else None,
            }
        )

    def get(self, _: Caller, message_id: str) -> JSONResponse:
        """Show one with all that came with it."""
        one = self._store.get(QuarantinedId(message_id))
        return JSONResponse(
            _json(one)
            | {
                "properties": _shown(one.properties),
                "headers": _shown(one.headers),
                "body": one.body.decode(errors="replace"),
            }
        )

    def requeue(self, _: Caller, message_id: str) -> JSONResponse:
        """Let it be handled once more; if that fails again, it is set aside again."""
        one = self._store.get(QuarantinedId(message_id))
        self._requeue(one)
        self._store.remove(one.id)
        return JSONResponse(_json(one), 202)

    def drop(self, _: Caller, message_id: str) -> Response:
        """Forget one, for good."""
        self._store.remove(QuarantinedId(message_id))
        return Response(status_code=204)


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = QuarantineRoutes(parts.quarantine_store, parts.requeue)
    one = f"{PATH}/{{message_id}}"
    api = APIRouter(tags=["quarantine"])
    api.add_api_route(
        PATH, routes.find, name="find_quarantined", response_model=QuarantinePage
    )
    api.add_api_route(
        one, routes.get, name="get_quarantined", response_model=QuarantinedWhole
    )
    api.add_api_route(
        one,
        routes.drop,
        name="drop_quarantined",
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
    )
    api.add_api_route(
        f"{one}/requeue",
        routes.requeue,
        name="requeue_quarantined",
        methods=["POST"],
        status_code=202,
        response_model=QuarantinedShown,
    )
    return api


def _json(one: Quarantined) -> dict[str, Any]:
    message_id = one.properties.get("message_id")
    return {
        "id": one.id,
        "reason": one.reason,
        "routing_key": one.routing_key,
        "message_id": None if message_id is None else _shown(str(message_id)),
        "size": len(one.body),
        "taken_at": format_time(one.taken_at),
    }


def _shown(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return what others have sent as JSON that can be encoded."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes():
            return value.decode(errors="replace")
        case Mapping():
            return {_shown(str(key)): _shown(one) for key, one in value.items()}
        case list() | tuple():
            return [_shown(one) for one in value]
        case _:
            return str(value).encode("utf-8", "backslashreplace").decode()

# SPDX-License-Identifier: Apache-2.0
"""``/v1/listeners``: register, find, change, remove and try out listeners."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge import model
from bridge.api.parts import Parts
from bridge.api.reading import strict_routes
from bridge.api.roles import Caller
from bridge.api.schemas import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    ListenerPage,
    Outcome,
)
from bridge.api.shown import outcome_json
from bridge.errors import Conflict, OutOfDate
from bridge.model import Access, ListenerId
from bridge.model.signing import DEFAULT_OVERLAP, MAX_OVERLAP
from bridge.shape import short_forms
from bridge.shape.listener import Listener
from bridge.shape.merging import merge
from bridge.shape.replay import Registration
from bridge.shape.shown import breaker_json, listener_json
from bridge.shape.strict import Strict

PATH: Final = "/v1/listeners"

IfMatch = Annotated[
    str | None, Header(description="ETag of the copy that you have; 412 if it is old.")
]


class ListenerFilter(BaseModel):
    """Which listeners are asked for; what is not given is not looked at."""

    model_config = ConfigDict(extra="forbid")

    project: str | None = None
    name: str | None = None
    workbook: str | None = None
    execution_id: str | None = None
    enabled: bool | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="`next` of the page before.")


class Rotation(Strict):
    """How long the old secrets sign along."""

    overlap_seconds: float = Field(
        default=DEFAULT_OVERLAP.total_seconds(), ge=0, le=MAX_OVERLAP.total_seconds()
    )


class ListenerRoutes:
    """The handlers; all but `test` block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.listener_store
        self._lanes = parts.lane_store
        self._now = parts.now
        self._registrar = parts.registrar
        self._ping = parts.ping

    def add(self, caller: Caller, listener: Registration) -> Response:
        """Register a listener. The signing secret is in this answer only."""
        project = caller.own(listener.project)
        start = listener.begin(self._now())
        kept = self._registrar.add(replace(listener.draft(), project=project), start)
        body = self._shown([kept])[0] | {"secret": kept.secret}
        headers = {"Location": f"{PATH}/{kept.id}", "ETag": _etag(kept)}
        return JSONResponse(body, 201, headers)

    def find(
        self, caller: Caller, wanted: Annotated[ListenerFilter, Query()]
    ) -> Response:
        """List listeners, the oldest first."""
        equal = wanted.model_dump(exclude={"limit", "after"})
        equal["project"] = caller.within(wanted.project)
        after = None if wanted.after is None else ListenerId(wanted.after)
        found = self._store.find(limit=wanted.limit + 1, after=after, **equal)
        page = found[: wanted.limit]
        more = len(found) > len(page)
        return JSONResponse(
            {
                "listeners": self._shown(page),
                "next": page[-1].id if more else None,
            }
        )

    def get(self, caller: Caller, listener_id: str) -> Response:
        """Show one listener."""
        return self._answer(self._current(caller, listener_id))

    def replace(
        self,
        caller: Caller,
        listener_id: str,
        listener: Listener,
        if_match: IfMatch = None,
    ) -> Response:
        """Replace a listener; it keeps its secret unless a new one is given."""
        current = self._current(caller, listener_id, if_match)
        known = None if if_match is None else current.revision
        return self._change(current, listener, known)

    def patch(
        self,
        caller: Caller,
        listener_id: str,
        patch: Annotated[dict[str, Any], Body()],
        if_match: IfMatch = None,
    ) -> Response:
        """Change a listener by a merge patch (RFC 7396)."""
        current = self._current(caller, listener_id, if_match)
        whole = _patched(listener_json(current), short_forms.expand(patch))
        try:
            return self._change(current, _checked(whole), current.revision)
        except OutOfDate as err:
            if if_match is not None:
                raise
            raise Conflict("somebody else changed it just now; try again") from err

    def remove(
        self, caller: Caller, listener_id: str, if_match: IfMatch = None
    ) -> Response:
        """Remove a listener; what waits for it ends as cancelled."""
        current = self._current(caller, listener_id, if_match)
        known = None if if_match is None else current.revision
        self._registrar.remove(current, known=known)
        return Response(status_code=204)

    def rotate(
        self,
        caller: Caller,
        listener_id: str,
        rotation: Annotated[Rotation | None, Body()] = None,
    ) -> Response:
        """Give it new signing secrets, shown in this answer only.

        The old ones sign along until the overlap is over.
        """
        wanted = Rotation() if rotation is None else rotation
        current = self._current(caller, listener_id)
        overlap = timedelta(seconds=wanted.overlap_seconds)
        kept = self._registrar.rotate(current, overlap)
        body = self._shown([kept])[0] | {"secret": kept.secret}
        return JSONResponse(body, headers={"ETag": _etag(kept)})

    async def test(self, caller: Caller, listener_id: str) -> Response:
        """Send it a ping event, once, and show what came of it."""
        listener = await run_in_threadpool(self._current, caller, listener_id)
        return JSONResponse(outcome_json(await self._ping(listener)))

    def _current(
        self, caller: Access, listener_id: str, if_match: str | None = None
    ) -> model.Listener:
        current = self._store.get(caller.project, ListenerId(listener_id))
        if if_match is not None and not _matches(if_match, current):
            raise OutOfDate(f"the listener is at revision {current.revision} now")
        return current

    def _change(
        self, current: model.Listener, wanted: Listener, known: int | None
    ) -> Response:
        wanted.check_unchanged(current)
        draft = wanted.draft(current)
        return self._answer(self._registrar.change(current, draft, known=known))

    def _answer(self, listener: model.Listener) -> Response:
        (body,) = self._shown([listener])
        return JSONResponse(body, headers={"ETag": _etag(listener)})

    def _shown(self, listeners: Sequence[model.Listener]) -> list[dict[str, Any]]:
        ids = [one.id for one in listeners]
        states = self._lanes.find(ids, self._now())
        return [
            listener_json(one) | {"breaker": breaker_json(one, states.get(one.id))}
            for one in listeners
        ]


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = ListenerRoutes(parts)
    one = f"{PATH}/{{listener_id}}"
    return strict_routes(
        "listeners",
        (PATH, routes.add, "POST", "add_listener", 201, Listener),
        (PATH, routes.find, "GET", "find_listeners", 200, ListenerPage),
        (one, routes.get, "GET", "get_listener", 200, Listener),
        (one, routes.replace, "PUT", "replace_listener", 200, Listener),
        (one, routes.patch, "PATCH", "patch_listener", 200, Listener),
        (one, routes.remove, "DELETE", "remove_listener", 204, None),
        (f"{one}/secret", routes.rotate, "POST", "rotate_secret", 200, Listener),
        (f"{one}/test", routes.test, "POST", "test_listener", 200, Outcome),
    )


def _etag(listener: model.Listener) -> str:
    return f'"{listener.revision}"'


def _matches(if_match: str, listener: model.Listener) -> bool:
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or _etag(listener) in tags


def _patched(shown: dict[str, Any], patch: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Merge; a sign-in of another type takes the known one's place as a whole."""
    whole = merge(shown, patch)
    match shown["callback"]["auth"], patch.get("callback"):
        case {"type": known}, {"auth": {"type": given} as auth} if given != known:
            whole["callback"]["auth"] = merge(None, auth)
    return whole


def _checked(value: object) -> Listener:
    try:
        return Listener.model_validate(value)
    except ValidationError as err:
        found = [{**one, "loc": ("body", *one["loc"])} for one in err.errors()]
        raise RequestValidationError(found) from err

# SPDX-License-Identifier: Apache-2.0
"""``/v1/replays``: past events sent to a listener again: begun, watched, stopped."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bridge.api.parts import Parts
from bridge.api.reading import strict_routes
from bridge.api.roles import Caller
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT
from bridge.model import ListenerId
from bridge.model.replay import ReplayId, ReplayState
from bridge.shape.replay import NewReplay, replay_json

PATH: Final = "/v1/replays"


class ReplayFilter(BaseModel):
    """Which replays are asked for; what is not given is not looked at."""

    model_config = {"extra": "forbid"}

    project: str | None = None
    listener: str | None = Field(None, description="Its id.")
    state: ReplayState | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="`next` of the page before.")


class ReplayShown(BaseModel):
    """Past events on their way to one listener."""

    id: str
    listener_id: str
    project: str
    since: str | None
    until: str | None
    execution: str | None
    types: list[str]
    told: str | None = Field(description="The state that was asked for.")
    rate_per_second: float
    is_start: bool = Field(description="The listener is new, and live after it.")
    state: ReplayState
    reason: str | None = Field(description="Why it was stopped by the bridge.")
    progress: float = Field(description="How much of the past is behind it, 0 to 1.")
    looked_at: int = Field(description="Events, wanted or not.")
    replayed: int = Field(description="Deliveries that are pending by it, or were.")
    created_at: str
    updated_at: str
    ended_at: str | None


class ReplayPage(BaseModel):
    """Some replays, the latest first; `next` is the `after` of the page behind."""

    replays: list[ReplayShown]
    next: str | None


class ReplayRoutes:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.replay_store
        self._listeners = parts.listener_store
        self._now = parts.now

    def begin(
        self,
        caller: Caller,
        listener_id: str,
        replay: Annotated[NewReplay | None, Body()] = None,
    ) -> JSONResponse:
        """Send past events to a listener again, as far as it hears them."""
        asked = NewReplay.model_validate({}) if replay is None else replay
        wanted = asked.wanted()
        listener = self._listeners.get(caller.project, ListenerId(listener_id))
        begun = self._store.begin(listener, wanted, asked.rate_per_second, self._now())
        headers = {"Location": f"{PATH}/{begun.id}"}
        return JSONResponse(replay_json(begun), 202, headers)

    def find(
        self, caller: Caller, wanted: Annotated[ReplayFilter, Query()]
    ) -> JSONResponse:
        """List replays, the latest first."""
        found = self._store.find(
            limit=wanted.limit + 1,
            before=None if wanted.after is None else ReplayId(wanted.after),
            project=caller.within(wanted.project),
            listener_id=wanted.listener,
            state=None if wanted.state is None else wanted.state.value,
        )
        page = found[: wanted.limit]
        more = len(found) > len(page)
        return JSONResponse(
            {
                "replays": [replay_json(one) for one in page],
                "next": page[-1].id if more else None,
            }
        )

    def get(self, caller: Caller, replay_id: str) -> JSONResponse:
        """Show one replay and how far it is."""
        return JSONResponse(
            replay_json(self._store.get(caller.project, ReplayId(replay_id)))
        )

    def stop(self, caller: Caller, replay_id: str) -> JSONResponse:
        """Let a replay tell nothing more; what is pending by it already is told.

        The listener that starts by it goes live without the rest of the past.
        """
        key = ReplayId(replay_id)
        stopped = self._store.stop(caller.project, key, self._now())
        return JSONResponse(replay_json(stopped), 202)


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = ReplayRoutes(parts)
    one = f"{PATH}/{{replay_id}}"
    of_listener = "/v1/listeners/{listener_id}/replay"
    return strict_routes(
        "replays",
        (of_listener, routes.begin, "POST", "replay_to_listener", 202, ReplayShown),
        (PATH, routes.find, "GET", "find_replays", 200, ReplayPage),
        (one, routes.get, "GET", "get_replay", 200, ReplayShown),
        (f"{one}/stop", routes.stop, "POST", "stop_replay", 202, ReplayShown),
    )

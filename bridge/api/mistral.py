# SPDX-License-Identifier: Apache-2.0
"""``/v1/workbooks/{name}/listeners``: the same listeners, as Mistral's first API had them.

Its client is python-mistralclient 0.1 (``ListenerManager``). It sends every member, null
where its user said nothing: then all events are meant, or what is there stays. It reads
errors from ``faultstring``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, Field

from bridge.api.parts import Parts
from bridge.api.problems import OLD_PATHS
from bridge.api.reading import strict_routes
from bridge.api.roles import Caller
from bridge.api.schemas import MAX_LIMIT
from bridge.errors import Conflict, Invalid, NotFound, OutOfDate
from bridge.model import CallbackSpec, Listener, ListenerDraft, ListenerId
from bridge.shape.merging import has_secrets, leads_elsewhere
from bridge.shape.strict import Strict

PATH: Final = OLD_PATHS + "{workbook_name}/listeners"

_EVERYTHING: Final = ("EXECUTION", "TASK")
_OLD_WORDS: Final = {"callback.url": "webhook", "workbook": "workbook_name"}


def _project(
    caller: Caller, named: Annotated[str | None, Header(alias="X-Project-Id")] = None
) -> str:
    return caller.own(named)


Project = Annotated[str, Depends(_project)]


def _name(event: object) -> object:
    """Return the name in an event that is an object; Mistral's first API had those."""
    match event:
        case {"type": name, **rest} if not rest:
            return name
        case _:
            return event


class WorkbookListener(Strict):
    """A listener of one workbook."""

    id: str | None = None
    workbook_name: str | None = None
    webhook: str | None = None
    description: str | None = None
    events: list[Annotated[str, BeforeValidator(_name)]] | None = Field(
        None, examples=[["EXECUTION_STATE", "TASK_STATE"], ["on-task-error"]]
    )


class WorkbookListenerMade(WorkbookListener):
    """A new listener; `secret` signs what it is sent."""

    secret: str = Field(description="Shown this once.")


class WorkbookListeners(BaseModel):
    """All listeners of one workbook."""

    listeners: list[WorkbookListener]


class WorkbookRoutes:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.listener_store
        self._registrar = parts.registrar

    def add(
        self,
        project: Project,
        workbook_name: str,
        listener: WorkbookListener,
    ) -> Response:
        """Register a listener. The signing secret is in this answer only."""
        _check_workbook(workbook_name, listener)
        events = listener.events
        draft = ListenerDraft(
            project=project,
            workbook=workbook_name,
            description=listener.description or None,
            events=_EVERYTHING if events is None else tuple(events),
            callback=CallbackSpec("http", listener.webhook),
        )
        with _in_old_words():
            kept = self._registrar.add(draft)
        return JSONResponse(_old_json(kept) | {"secret": kept.secret}, 201)

    def find(self, project: Project, workbook_name: str) -> Response:
        """List the listeners of a workbook, the oldest first."""
        found = [_old_json(one) for one in self._all(project, workbook_name)]
        return JSONResponse({"listeners": found})

    def get(self, project: Project, workbook_name: str, listener_id: str) -> Response:
        """Show one listener."""
        current = self._current(project, workbook_name, listener_id)
        return JSONResponse(_old_json(current))

    def change(
        self,
        project: Project,
        workbook_name: str,
        listener_id: str,
        listener: WorkbookListener,
    ) -> Response:
        """Change what is not null."""
        current = self._current(project, workbook_name, listener_id)
        _check_workbook(workbook_name, listener)
        if listener.id not in (None, current.id):
            raise Invalid("id", "cannot be changed")
        draft = _changed(current, listener)
        try:
            with _in_old_words():
                kept = self._registrar.change(current, draft, known=current.revision)
        except OutOfDate as err:
            raise Conflict("somebody else changed it just now; try again") from err
        return JSONResponse(_old_json(kept))

    def remove(
        self, project: Project, workbook_name: str, listener_id: str
    ) -> Response:
        """Remove a listener; what waits for it ends as cancelled."""
        current = self._current(project, workbook_name, listener_id)
        self._registrar.remove(current)
        return Response(status_code=204)

    def _all(self, project: str, workbook: str) -> Iterator[Listener]:
        after: ListenerId | None = None
        while True:
            page = self._store.find(
                limit=MAX_LIMIT, after=after, project=project, workbook=workbook
            )
            yield from page
            if len(page) < MAX_LIMIT:
                return
            after = page[-1].id

    def _current(self, project: str, workbook: str, listener_id: str) -> Listener:
        found = self._store.get(project, ListenerId(listener_id))
        if found.workbook != workbook:
            raise NotFound("listener", listener_id)
        return found


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = WorkbookRoutes(parts)
    one = f"{PATH}/{{listener_id}}"
    return strict_routes(
        "listeners of a workbook",
        (PATH, routes.add, "POST", "add_workbook_listener", 201, WorkbookListenerMade),
        (PATH, routes.find, "GET", "find_workbook_listeners", 200, WorkbookListeners),
        (one, routes.get, "GET", "get_workbook_listener", 200, WorkbookListener),
        (one, routes.change, "PUT", "change_workbook_listener", 200, WorkbookListener),
        (one, routes.remove, "DELETE", "remove_workbook_listener", 204, None),
    )


def _old_json(listener: Listener) -> dict[str, Any]:
    return {
        "id": listener.id,
        "workbook_name": listener.workbook,
        "description": listener.description,
        "webhook": listener.callback.url,
        "events": list(listener.events),
    }


def _changed(current: Listener, wanted: WorkbookListener) -> ListenerDraft:
    """Return the listener as it shall be.

    Raises:
        Invalid: Its secrets would be sent to another host.
    """
    kept = {field.name: getattr(current, field.name) for field in fields(ListenerDraft)}
    draft = ListenerDraft(**kept | {"secret": None})
    if wanted.events is not None:
        draft = replace(draft, events=tuple(wanted.events))
    if wanted.description is not None:
        draft = replace(draft, description=wanted.description or None)
    if wanted.webhook is not None:
        callback = current.callback
        with _in_old_words():
            is_elsewhere = leads_elsewhere(wanted.webhook, callback)
        if is_elsewhere and has_secrets(callback):
            raise Invalid(
                "webhook",
                "leads elsewhere, and this listener has secrets that must be given "
                "again then; change it by /v1/listeners",
            )
        draft = replace(draft, callback=replace(callback, url=wanted.webhook))
    return draft


def _check_workbook(workbook: str, listener: WorkbookListener) -> None:
    if listener.workbook_name not in (None, workbook):
        raise Invalid("workbook_name", f"is not {workbook!r}, as the URL says")


@contextmanager
def _in_old_words() -> Iterator[None]:
    try:
        yield
    except Invalid as err:
        raise Invalid(_OLD_WORDS.get(err.field, err.field), err.reason) from err

# SPDX-License-Identifier: Apache-2.0
"""``/v1/workbooks/{workbook}/…``: callbacks of a workbook, piece by piece.

A piece is written as it is in a workbook. It may be put before a file was ever applied,
and stays when one is, unless the file has it too.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Depends, Query, Response
from fastapi.responses import JSONResponse

from bridge.api.parts import Parts
from bridge.api.reading import StrictRoute
from bridge.api.roles import OwnProject
from bridge.api.workbook_answers import AppliedWorkbook, applied_json
from bridge.api.workbooks import PATH, DryRun, IfMatch, etag, revision_in
from bridge.errors import Invalid
from bridge.workbook import pieces
from bridge.workbook.document import Document, Origin, Place
from bridge.workbook.hooks import LeftAlone, read_hook
from bridge.workbook.reading import check_workbook
from bridge.workbook.services import check_name, read_action, read_service
from bridge.workbook.variables import fill
from bridge.workbook.workbooks import Edit

Moment = Literal["on-enter", "on-exit", "on-success", "on-error"]
Piece = Annotated[Any, Body(description="As it is written in a workbook.")]
Workflow = Annotated[
    str | None, Query(description="Of this workflow. Default: every one.")
]

_ONE: Final = PATH + "/{workbook}"
_SERVICE: Final = _ONE + "/services/{service}"
_ACTION: Final = _SERVICE + "/actions/{action}"
_TASK: Final = _ONE + "/tasks/{task}/{moment}"
_EXECUTION: Final = _ONE + "/workflow/{moment}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What every change of a piece is asked with."""

    workbook: str
    project: OwnProject
    dry_run: DryRun = False
    if_match: IfMatch = None


def task_place(task: str, moment: Moment, workflow: Workflow = None) -> Place:
    """Return the place of a task's hook."""
    return _place(workflow, task, moment)


def execution_place(moment: Moment, workflow: Workflow = None) -> Place:
    """Return the place of a workflow's hook."""
    return _place(workflow, None, moment)


Change = Annotated[Asked, Depends()]
OfTask = Annotated[Place, Depends(task_place)]
OfExecution = Annotated[Place, Depends(execution_place)]


class PieceRoutes:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._workbooks = parts.workbooks

    def put_service(self, asked: Change, service: str, piece: Piece) -> Response:
        """Put a service in place, with its actions."""
        path = f"services.{service}"
        wanted = read_service(service, fill(piece, {}, path), Origin.API)
        edit = partial(pieces.with_service, name=service, service=wanted)
        return self._change(asked, edit)

    def remove_service(self, asked: Change, service: str) -> Response:
        """Take a service away; no hook may call it."""
        return self._change(asked, partial(pieces.without_service, name=service))

    def put_action(
        self, asked: Change, service: str, action: str, piece: Piece
    ) -> Response:
        """Put an action of a service in place."""
        path = f"services.{service}.actions.{action}"
        wanted = read_action(service, action, fill(piece, {}, path), Origin.API)
        edit = partial(pieces.with_action, service=service, name=action, action=wanted)
        return self._change(asked, edit)

    def remove_action(self, asked: Change, service: str, action: str) -> Response:
        """Take an action away; no hook may call it."""
        edit = partial(pieces.without_action, service=service, name=action)
        return self._change(asked, edit)

    def put_task_hook(self, asked: Change, place: OfTask, piece: Piece) -> Response:
        """Say what is called when a task begins or ends."""
        return self._put_hook(asked, place, piece)

    def remove_task_hook(self, asked: Change, place: OfTask) -> Response:
        """Call nothing there any more."""
        return self._change(asked, partial(pieces.without_hook, place=place))

    def put_execution_hook(
        self, asked: Change, place: OfExecution, piece: Piece
    ) -> Response:
        """Say what is called when an execution begins or ends."""
        return self._put_hook(asked, place, piece)

    def remove_execution_hook(self, asked: Change, place: OfExecution) -> Response:
        """Call nothing there any more."""
        return self._change(asked, partial(pieces.without_hook, place=place))

    def _put_hook(self, asked: Asked, place: Place, piece: object) -> Response:
        left_alone: list[LeftAlone] = []

        def edit(known: Document) -> Document:
            hook, others = read_hook(
                place, place.path, piece, known.services, origin=Origin.API
            )
            left_alone[:] = others
            if hook is None:
                told = "names no Service:action; DELETE calls nothing there any more"
                raise Invalid(place.path, told)
            return pieces.with_hook(known, place, hook)

        return self._change(asked, edit, left_alone)

    def _change(
        self, asked: Asked, edit: Edit, left_alone: list[LeftAlone] | None = None
    ) -> Response:
        applied = self._workbooks.change(
            asked.project,
            check_workbook(asked.workbook),
            edit,
            known=revision_in(asked.if_match),
            dry_run=asked.dry_run,
        )
        others = [] if left_alone is None else left_alone
        body = applied_json(applied, others, dry_run=asked.dry_run)
        return JSONResponse(body, headers={"ETag": etag(body["revision"])})


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = PieceRoutes(parts)
    api = APIRouter(tags=["pieces of a workbook"], route_class=StrictRoute)
    for path, put, remove in (
        (_SERVICE, routes.put_service, routes.remove_service),
        (_ACTION, routes.put_action, routes.remove_action),
        (_TASK, routes.put_task_hook, routes.remove_task_hook),
        (_EXECUTION, routes.put_execution_hook, routes.remove_execution_hook),
    ):
        for method, handler in (("PUT", put), ("DELETE", remove)):
            api.add_api_route(
                path, handler, methods=[method], response_model=AppliedWorkbook
            )
    return api


def _place(workflow: str | None, task: str | None, moment: str) -> Place:
    for field, name in (("workflow", workflow), ("task", task)):
        if name is not None:
            check_name(field, name)
    return Place(workflow, task, moment)

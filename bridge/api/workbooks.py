# SPDX-License-Identifier: Apache-2.0
"""``/v1/workbooks``: callbacks as a whole workbook says them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.api.parts import Parts
from bridge.api.reading import StrictRoute
from bridge.api.roles import Caller, OwnProject
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT
from bridge.api.workbook_answers import (
    AppliedWorkbook,
    KeptWorkbook,
    ListedWorkbooks,
    applied_json,
    kept_json,
    kept_yaml,
    listed_json,
)
from bridge.errors import Invalid
from bridge.shape.strict import Strict
from bridge.workbook.pieces import with_file
from bridge.workbook.reading import read
from bridge.workbook.yaml_text import Parsed, parse

PATH: Final = "/v1/workbooks"
YAML: Final = "application/yaml"

_MAX_DIGITS: Final = 18  # of a revision: what any database can hold

DryRun = Annotated[bool, Query(description="Only tell what it would do.")]
IfMatch = Annotated[
    str | None, Header(description="ETag of the copy that you have; 412 if it is old.")
]


class Sent(Strict):
    """A workbook as it was sent."""

    workbook: dict[str, Any] | str = Field(description="As an object, or as YAML.")
    vars: dict[str, str] = Field(
        default={}, description="Name to what fills `{$.name}`."
    )

    def parsed(self) -> Parsed:
        """Return it as values.

        Raises:
            Invalid: It is YAML, and wrong.
        """
        if isinstance(self.workbook, str):
            return parse(self.workbook)
        return Parsed(self.workbook)


_REQUEST_BODY: Final = {
    "required": True,
    "description": "The workbook in YAML; or JSON that says what fills its variables.",
    "content": {
        YAML: {"schema": {"type": "string"}},
        "application/json": {"schema": Sent.model_json_schema()},
    },
}


class WorkbookFilter(BaseModel):
    """Which workbooks are asked for."""

    model_config = ConfigDict(extra="forbid")

    project: str | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="`next` of the page before.")


async def _sent(request: Request) -> Sent:
    """Return what was sent: YAML, or JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip() == YAML:
        try:
            return Sent(workbook=(await request.body()).decode())
        except UnicodeDecodeError as err:
            raise Invalid("body", "is not UTF-8") from err
    try:
        return Sent.model_validate(await request.json())
    except ValidationError as err:
        found = [{**one, "loc": ("body", *one["loc"])} for one in err.errors()]
        raise RequestValidationError(found) from err


class WorkbookRoutes:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._workbooks = parts.workbooks

    def apply(
        self,
        sent: Annotated[Sent, Depends(_sent)],
        project: OwnProject,
        name: Annotated[str | None, Query(description="If it says none.")] = None,
        dry_run: DryRun = False,  # noqa: FBT002 - FastAPI's query
        if_match: IfMatch = None,
    ) -> Response:
        """Let a workbook's callbacks be as it says; the same again changes nothing.

        What was made piece by piece stays, unless the workbook has it too.
        """
        parsed = sent.parsed()
        try:
            reading = read(parsed.value, sent.vars, name=name)
            applied = self._workbooks.change(
                project,
                reading.document.name,
                lambda known: with_file(known, reading.document),
                known=revision_in(if_match),
                dry_run=dry_run,
            )
        except Invalid as err:
            raise parsed.located(err) from err
        body = applied_json(applied, reading.left_alone, dry_run=dry_run)
        status = 201 if applied.is_new and not dry_run else 200
        return JSONResponse(body, status, {"ETag": etag(body["revision"])})

    def find(
        self, caller: Caller, wanted: Annotated[WorkbookFilter, Query()]
    ) -> Response:
        """List workbooks by project and name."""
        of, _, name = ("" if wanted.after is None else wanted.after).partition("/")
        found = self._workbooks.find(
            limit=wanted.limit + 1,
            after=(unquote(of), name),
            project=caller.within(wanted.project),
        )
        page = found[: wanted.limit]
        last = f"{quote(page[-1].project, '')}/{page[-1].name}" if page else None
        more = len(found) > len(page)
        listed = [listed_json(one) for one in page]
        return JSONResponse({"workbooks": listed, "next": last if more else None})

    def get(
        self,
        workbook: str,
        project: OwnProject,
        accept: Annotated[str, Header()] = "",
    ) -> Response:
        """Show what is in force, pieces made by the API marked."""
        kept = self._workbooks.get(project, workbook)
        headers = {"ETag": etag(kept.stored.revision), "Vary": "Accept"}
        if YAML in accept:
            return Response(kept_yaml(kept), headers=headers, media_type=YAML)
        return JSONResponse(kept_json(kept), headers=headers)

    def remove(
        self,
        workbook: str,
        project: OwnProject,
        if_match: IfMatch = None,
    ) -> Response:
        """Remove all callbacks of a workbook; what waits for them is cancelled."""
        self._workbooks.remove(project, workbook, known=revision_in(if_match))
        return Response(status_code=204)


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = WorkbookRoutes(parts)
    one = f"{PATH}/{{workbook}}"
    yaml: Mapping[int | str, dict[str, Any]] = {200: {"content": {YAML: {}}}}
    api = APIRouter(tags=["workbooks"], route_class=StrictRoute)
    api.add_api_route(
        PATH,
        routes.apply,
        methods=["POST"],
        name="apply_workbook",
        response_model=AppliedWorkbook,
        responses={201: {"model": AppliedWorkbook, "description": "It is new"}},
        openapi_extra={"requestBody": _REQUEST_BODY},
    )
    api.add_api_route(
        PATH, routes.find, name="find_workbooks", response_model=ListedWorkbooks
    )
    api.add_api_route(
        one,
        routes.get,
        name="get_workbook",
        response_model=KeptWorkbook,
        responses=dict(yaml),
    )
    api.add_api_route(
        one,
        routes.remove,
        methods=["DELETE"],
        name="remove_workbook",
        status_code=204,
    )
    return api


def etag(revision: int) -> str:
    """Return the ETag of a workbook."""
    return f'"{revision}"'


def revision_in(if_match: str | None) -> int | None:
    """Return the revision that an ``If-Match`` names; None: whatever it is.

    Raises:
        Invalid: It names none.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    number = if_match.strip().strip('"')
    if not number.isdecimal() or len(number) > _MAX_DIGITS:
        raise Invalid("If-Match", 'must be the ETag of a workbook, such as "3"')
    return int(number)

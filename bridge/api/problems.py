# SPDX-License-Identifier: Apache-2.0
"""Every error as problem JSON (RFC 9457) that names the field at fault.

::

    {"type": "about:blank", "title": "Unprocessable Entity", "status": 422,
     "detail": "callback.url: is missing",
     "errors": [{"field": "callback.url", "reason": "is missing"}]}
"""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bridge.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    OutOfDate,
    QuotaReached,
    StoreError,
)
from bridge.shape.faults import fault_of
from notifier import errors as bus

MEDIA_TYPE: Final = "application/problem+json"
LATER: Final[Mapping[str, str]] = {"Retry-After": "1"}
"""Headers of an answer that the same request may have another one to, in a second."""

MAX_TOLD: Final = 20
"""So many wrong fields are told; to find the right names for all may take minutes."""

OLD_PATHS: Final = "/v1/workbooks/"
"""The client of Mistral's first API works below; it reads errors in ``faultstring``."""

_LATER: Final = 503
_STATUS: Final[Mapping[type[Exception], int]] = {
    NotFound: 404,
    Conflict: 409,
    OutOfDate: 412,
    StoreError: _LATER,
    bus.Conflict: 409,
    bus.PublishError: _LATER,
}


class FieldError(BaseModel):
    """One field that is wrong."""

    field: str = Field(examples=["callback.url"])
    reason: str = Field(examples=["is missing"])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field([], description="Of what was sent.")
    event_ids: list[str] = Field([], description="Events that were not confirmed.")


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """Return the answer that tells of a problem.

    Args:
        status: HTTP's.
        detail: One sentence for a person; holds no secret.
        headers: Sent along.
        **members: Of the body, beside what RFC 9457 names.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    text = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace")
    return Response(text, status, headers, MEDIA_TYPE)


def told(path: str, status: int, detail: str, **members: Any) -> Response:  # noqa: ANN401 - as `problem` takes them
    """Return the answer that tells of a problem, in the words of who asks at a path."""
    if path.startswith(OLD_PATHS):
        members["faultstring"] = detail
    return problem(status, detail, **members)


def install(app: FastAPI, known: Mapping[str, Collection[str]]) -> None:
    """Let the application answer every error as a problem.

    Args:
        app: Which.
        known: For ``body`` and ``query``, the fields there are, to suggest one.
    """

    async def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered so
        wrong = error.errors()
        found = [fault_of(one, known) for one in wrong[:MAX_TOLD]]
        return _fields(request, 422, found, more=len(wrong) - len(found))

    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Invalid, _invalid)
    app.add_exception_handler(bus.InvalidEvent, _invalid)
    app.add_exception_handler(NotAllowed, _not_allowed)
    app.add_exception_handler(QuotaReached, _quota_reached)
    for kind in _STATUS:
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(Exception, _unexpected)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered so
    path = request.url.path
    router_says = {
        404: f"there is nothing at {path}",
        405: f"{path} has no such method",
    }
    detail = router_says.get(error.status_code, error.detail)
    return told(request.url.path, error.status_code, detail, headers=error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, Invalid | bus.InvalidEvent)  # noqa: S101 - registered so
    status = 400 if error.field == "body" else 422
    return _fields(request, status, [(error.field, error.reason)])


async def _not_allowed(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotAllowed)  # noqa: S101 - registered so
    return _fields(request, 403, [(error.field, error.reason)])


async def _quota_reached(request: Request, error: Exception) -> Response:
    assert isinstance(error, QuotaReached)  # noqa: S101 - registered so
    seconds = max(1, math.ceil(error.retry_after.total_seconds()))
    headers = {"Retry-After": str(seconds)}
    return told(request.url.path, 429, str(error), headers=headers)


async def _expected(request: Request, error: Exception) -> Response:
    status = next(_STATUS[kind] for kind in type(error).mro() if kind in _STATUS)
    headers = LATER if status == _LATER else {}
    members: dict[str, Any] = {}
    if isinstance(error, bus.PublishError):
        members["event_ids"] = list(error.event_ids)
    return told(request.url.path, status, str(error), headers=headers, **members)


async def _unexpected(request: Request, error: Exception) -> Response:
    del error  # the server logs it; whoever asked must not read it
    return told(request.url.path, 500, "the bridge failed; its log says why")


def _fields(
    request: Request, status: int, errors: Sequence[tuple[str, str]], more: int = 0
) -> Response:
    said = [f"{field}: {reason}" for field, reason in errors]
    detail = "; ".join([*said, f"and {more} more"] if more else said)
    named = [{"field": field, "reason": reason} for field, reason in errors]
    return told(request.url.path, status, detail, errors=named)

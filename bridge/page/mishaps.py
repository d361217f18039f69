# SPDX-License-Identifier: Apache-2.0
"""What went wrong, as a page that says what to do."""

import json
from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse, Response

from bridge import errors
from bridge.api.refusal import Refusal
from bridge.page.rendering import HEADERS, render
from bridge.page.visit import Visit
from notifier.errors import NotifierError

_STATUS: Final = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.OutOfDate: 412,
    errors.Invalid: 422,
    errors.NotAllowed: 403,
    errors.QuotaReached: 429,
    errors.NoKeystone: 503,
    errors.StoreError: 503,
    NotifierError: 503,
}


def told(visit: Visit, error: Exception) -> Response:
    """Return the page that tells of an error; raises what is none of ours."""
    status = next((_STATUS[k] for k in type(error).mro() if k in _STATUS), None)
    if status is None:
        raise error
    return _page(visit, status, str(error))


def refused(visit: Visit, refusal: Refusal) -> Response:
    """Return the page for somebody who is turned away."""
    return _page(visit, refusal.status, refusal.reason)


def body_of(response: Response) -> dict[str, object]:
    """Return what one of the API's handlers answers."""
    body: dict[str, object] = json.loads(bytes(response.body))
    return body


def _page(visit: Visit, status: int, detail: str) -> Response:
    if visit.wants_json:
        return JSONResponse({"error": detail}, status, dict(HEADERS))
    title = HTTPStatus(status).phrase
    return render(visit, "mishap.html", status=status, title=title, detail=detail)

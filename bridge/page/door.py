# SPDX-License-Identifier: Apache-2.0
"""Who is let in to the page, and what is taken of them: turns requests into visits.

By the rules of the API's door: where nobody signs in, only loopback names and no foreign
origin; else a session. What changes something takes a form that this page has made, sent
from this page. Lives on the event loop; handlers that block run on threads.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bridge.api.door import foreign, other_origin
from bridge.api.parts import Parts
from bridge.api.refusal import Refusal
from bridge.api.roles import need
from bridge.errors import BridgeError, Invalid, NotAllowed
from bridge.model import EVERYBODY, Access, Role
from bridge.page.mishaps import refused, told
from bridge.page.rendering import redirect
from bridge.page.sessions import COOKIE, Sessions, is_same, new_csrf
from bridge.page.visit import CSRF_FIELD, Fields, Visit
from notifier.errors import NotifierError
from notifier.wire import MAX_BODY_BYTES

Handler = Callable[[Visit], Response | Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

_FORM: Final = "application/x-www-form-urlencoded"
CSRF_HEADER: Final = "x-csrf-token"
_READS: Final = frozenset({"/listeners/check", "/sign-out"})
"""Forms that change nothing, which readers may send too."""
_NOBODY: Final = Access("", Role.READER)


class Door:
    """Lets visitors in.

    Args:
        parts: The rest of the bridge.
        sessions: Of those who signed in.
    """

    def __init__(self, parts: Parts, sessions: Sessions) -> None:
        self._sign_in = parts.sign_in
        self._sessions = sessions
        self._csrf = new_csrf()  # where nobody signs in, until the bridge ends

    def endpoint(self, handler: Handler) -> Endpoint:
        """Return what lets those in who ask for one page."""

        async def answer(request: Request) -> Response:
            try:
                visit = await self._visit(request)
            except BridgeError as err:
                return told(_stranger(request), err)
            if not isinstance(visit, Visit):
                return visit
            try:
                return await _run(handler, visit)
            except (BridgeError, NotifierError) as err:
                return told(visit, err)

        return answer

    def open(self, handler: Handler) -> Endpoint:
        """Return what lets everybody in who may ask at all: those who sign in."""

        async def answer(request: Request) -> Response:
            visit = _stranger(request)
            why = self._unwelcome(request)
            if why is not None:
                return refused(visit, why)
            try:
                if request.method == "POST":
                    visit = replace(visit, form=await _form(request))
                return await _run(handler, visit)
            except (BridgeError, NotifierError) as err:
                return told(visit, err)

        return answer

    async def nothing(self, request: Request, _: Exception) -> Response:
        """Tell that there is no such page; not who might see it if there were."""
        return refused(
            _stranger(request), Refusal(404, f"There is no page at {request.url.path}")
        )

    async def _visit(self, request: Request) -> Visit | Response:
        why = self._unwelcome(request)
        if why is not None:
            return refused(_stranger(request), why)
        known = await self._known(request)
        if known is None:
            return redirect("/sign-in")
        access, csrf = known
        visit = Visit(
            access=access,
            csrf=csrf,
            path=request.url.path,
            params=request.path_params,
            query=Fields.read(request.url.query),
            signed_in=self._sign_in is not None,
            wants_json="application/json" in request.headers.get("accept", ""),
        )
        try:
            _check_role(request, access)
            return visit if request.method != "POST" else await _sent(request, visit)
        except BridgeError as err:
            return told(visit, err)

    def _unwelcome(self, request: Request) -> Refusal | None:
        """Tell why a request is turned away, whoever sends it."""
        if "\0" in request.url.path:
            return Refusal(400, "the URL holds NUL")
        if self._sign_in is None:
            return foreign(request.headers)
        return other_origin(request.headers) if request.method == "POST" else None

    async def _known(self, request: Request) -> tuple[Access, str] | None:
        if self._sign_in is None:
            return EVERYBODY, self._csrf
        session = self._sessions.read(request.cookies.get(COOKIE, ""))
        if session is None:
            return None
        access = await self._sign_in.of_token(session.token_id)
        return None if access is None else (access, session.csrf)


async def _run(handler: Handler, visit: Visit) -> Response:
    if inspect.iscoroutinefunction(handler):
        answer: Response = await handler(visit)
        return answer
    blocking: Response = await run_in_threadpool(handler, visit)  # type: ignore[arg-type] # it is none that is awaited
    return blocking


def _check_role(request: Request, access: Access) -> None:
    """Ask for the role that the API would; its paths have the page's words in them."""
    path = request.url.path
    method = "GET" if path in _READS else request.method
    needed = need(method, f"/v1{path}")
    if needed is not None:
        needed.check(access)


async def _sent(request: Request, visit: Visit) -> Visit:
    """Return a visit with its form.

    Raises:
        Invalid: It is no form of this page.
        NotAllowed: It is another's.
    """
    form = await _form(request)
    given = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD)
    if not is_same(given, visit.csrf):
        raise NotAllowed("form", "is out of date; load the page again and repeat it")
    return replace(visit, form=form)


async def _form(request: Request) -> Fields:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise Invalid("form", "must be sent by this page")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Invalid("form", "is over 1 MiB")
    return Fields.read(body.decode("ascii", "replace"))


def _stranger(request: Request) -> Visit:
    """Return the visit of somebody who is not known."""
    return Visit(
        access=_NOBODY,
        csrf="",
        path=request.url.path,
        params=request.path_params,
        query=Fields(),
        is_known=False,
        address="" if request.client is None else request.client.host,
        is_private=request.headers.get("x-forwarded-proto", request.url.scheme)
        == "https",
    )

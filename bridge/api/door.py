# SPDX-License-Identifier: Apache-2.0
"""Who and what is let in, before any route is looked for (ASGI middleware).

Where nobody signs in, whoever reaches the port may do everything. A web page in the
operator's browser reaches it too: by its own name for 127.0.0.1 (DNS rebinding), or by a
form that needs nobody's leave. Hence only loopback names, no foreign origin, and JSON for
what writes. A token is sent by nobody's browser of itself: where there are tokens, the
bridge may have any name.
"""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.api.admission import Admission
from bridge.api.problems import LATER, told
from bridge.api.refusal import Refusal
from bridge.api.roles import need
from bridge.errors import NotAllowed, StoreError
from bridge.model import EVERYBODY, Access
from notifier.wire import MAX_BODY_BYTES

# No form can send these without asking first, as it can text/plain.
_TAKEN: Final = frozenset({"application/json", "application/yaml"})
_WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Door:
    """Lets in who may do what they ask for, with a body of at most 1 MiB.

    What they may do stands in the request's state as `access` from then on.

    Args:
        app: Behind it.
        sign_in: Knows those who show a token; None: nobody has to.
    """

    def __init__(self, app: ASGIApp, sign_in: Admission | None) -> None:
        self._app = app
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, headers = scope["method"], Headers(scope=scope)
        refused = _not_text(scope)
        if refused is None and self._sign_in is None:
            refused = foreign(headers)
        if refused is None:
            refused = unfit(method, headers) or await self._let_in(scope, headers)
        if refused is None and method in _WRITING:
            body = await _read(receive)
            if body is None:
                return
            refused, receive = _too_large(len(body)), _again(body, receive)
        if refused is not None:
            path, status = scope["path"], refused.status
            answer = told(path, status, refused.reason, headers=refused.headers)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _let_in(self, scope: Scope, headers: Headers) -> Refusal | None:
        needed = need(scope["method"], scope["path"])
        access: Access | Refusal = EVERYBODY
        if self._sign_in is not None and needed is not None:
            address = scope["client"][0] if scope.get("client") else ""
            try:
                access = await self._sign_in.admit(headers, address)
            except StoreError as err:
                return Refusal(503, str(err), LATER)
        if isinstance(access, Refusal):
            return access
        try:
            if needed is not None:
                needed.check(access)
        except NotAllowed as err:
            return Refusal(403, err.reason)
        scope.setdefault("state", {})["access"] = access
        return None


def foreign(headers: Mapping[str, str]) -> Refusal | None:
    """Tell why a web page's request is turned away; None: it seems to be no web page's.

    Args:
        headers: By names in lower case.
    """
    host = headers.get("host", "")
    if not _is_loopback(host):
        return Refusal(403, f"Host: {host!r} is not this bridge's; take 127.0.0.1")
    return other_origin(headers)


def other_origin(headers: Mapping[str, str]) -> Refusal | None:
    """Tell why a request that another site's page makes is turned away; None: it is none.

    Args:
        headers: By names in lower case.
    """
    origin = headers.get("origin")
    if origin is None or _site(origin) == headers.get("host", ""):
        return None
    return Refusal(403, f"Origin: {origin!r} may not use this bridge")


def unfit(method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Tell why a body is not looked at, by its headers; None: it is.

    Args:
        method: In upper case.
        headers: By names in lower case.
    """
    if method not in _WRITING:
        return None
    size = headers.get("content-length", "0")
    if size == "0" and "transfer-encoding" not in headers:
        return None
    content = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content not in _TAKEN and not (
        content.startswith("application/") and content.endswith("+json")
    ):
        return Refusal(415, "Content-Type must be application/json, or one of its kin")
    return _too_large(int(size)) if size.isdecimal() else None


def _not_text(scope: Scope) -> Refusal | None:
    # No name or id holds NUL, and PostgreSQL takes no text that does.
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        return Refusal(400, "the URL holds NUL")
    return None


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _site(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as http://[
        return None


def _too_large(size: int) -> Refusal | None:
    if size <= MAX_BODY_BYTES:
        return None
    return Refusal(413, "the body is over 1 MiB")


async def _read(receive: Receive) -> bytes | None:
    """Return the body, or one byte more than is let in; None: the client left."""
    body = b""
    more = True
    while more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read already."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return whole.pop() if whole else await receive()

    return give

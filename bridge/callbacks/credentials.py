# SPDX-License-Identifier: Apache-2.0
"""How the bridge signs in at a webhook's receiver: the headers for it, and its rules."""

import base64
import re
from collections.abc import Iterator
from typing import Final, assert_never
from urllib.parse import urlsplit

from bridge.callbacks.certificates import check_certificate
from bridge.errors import Invalid
from bridge.model import (
    Auth,
    BasicAuth,
    BearerAuth,
    CallbackSpec,
    CertificateAuth,
    HeaderAuth,
)

FIELD: Final = "callback.auth"
MAX_CHARS: Final = 4096
"""Of a token, a user, a password."""

_AUTHORIZATION: Final = "Authorization"
_TOKEN = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_auth(spec: CallbackSpec) -> None:
    """Refuse what could never sign in.

    The name and the value of a `HeaderAuth` are held to the rules of all headers by
    whoever sends them.

    Raises:
        Invalid: Names the field; never quotes what is secret.
    """
    match spec.auth:
        case None:
            return
        case BearerAuth(token):
            _check_token(token)
        case BasicAuth(username, password):
            _check_basic(username, password)
        case HeaderAuth(_, value):
            _check_length("value", value)
        case CertificateAuth() as auth:
            if urlsplit(spec.url or "").scheme.lower() != "https":
                raise Invalid(FIELD, "a certificate is shown to https:// URLs only")
            check_certificate(auth)
        case _:
            assert_never(spec.auth)
    _check_alone(spec, spec.auth)


def auth_headers(auth: Auth | None) -> dict[str, str]:
    """Return the headers that sign in."""
    match auth:
        case None | CertificateAuth():
            return {}
        case BearerAuth(token):
            return {_AUTHORIZATION: f"Bearer {token}"}
        case BasicAuth():
            return {_AUTHORIZATION: f"Basic {_pair(auth)}"}
        case HeaderAuth(name, value):
            return {name: value}
        case _:
            assert_never(auth)


def auth_secrets(auth: Auth | None) -> Iterator[str]:
    """Yield what must not be read in an answer; a certificate's key is never sent."""
    match auth:
        case None | CertificateAuth():
            return
        case BearerAuth(secret) | HeaderAuth(_, secret):
            yield secret
        case BasicAuth(_, password):
            yield from (password, _pair(auth))
        case _:
            assert_never(auth)


def _pair(auth: BasicAuth) -> str:
    return base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()


def _check_token(token: str) -> None:
    _check_length("token", token)
    if not _TOKEN.fullmatch(token):
        raise Invalid(f"{FIELD}.token", "must be ASCII without spaces")


def _check_basic(username: str, password: str) -> None:
    for name, text in (("username", username), ("password", password)):
        _check_length(name, text)
        if _CONTROL.search(text):
            raise Invalid(f"{FIELD}.{name}", "must hold no control characters")
    if ":" in username:
        raise Invalid(f"{FIELD}.username", "must hold no colon (RFC 7617)")


def _check_length(name: str, text: str) -> None:
    if not 0 < len(text) <= MAX_CHARS:
        raise Invalid(f"{FIELD}.{name}", f"must be 1 to {MAX_CHARS} characters")


def _check_alone(spec: CallbackSpec, auth: Auth) -> None:
    """Refuse a second sign-in by header; a certificate's is on another layer."""
    names = {name.lower() for name in auth_headers(auth)}
    if not names:
        return
    for name in spec.headers:
        if name.lower() in names | {_AUTHORIZATION.lower()}:
            raise Invalid(
                f"callback.headers.{name}", "signs in beside callback.auth; give one"
            )

# SPDX-License-Identifier: Apache-2.0
"""What one call looks like as an HTTP request, and what a listener may ask of it."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from importlib.metadata import version
from typing import Final, assert_never

from bridge.callbacks.credentials import FIELD as AUTH
from bridge.callbacks.credentials import auth_headers, check_auth
from bridge.callbacks.guard import FIELD, Guard, target_of
from bridge.callbacks.signing import Signer
from bridge.errors import Invalid
from bridge.model import Call, CallbackSpec, Format, HeaderAuth
from notifier.event import Event
from notifier.wire import ce_headers, structured, trace_headers
from notifier.wire.call import WAIT_HEADER, wait_text
from notifier.wire.cloudevents import BATCH, STRUCTURED

METHODS: Final = ("POST", "PUT", "PATCH")
MIN_TIMEOUT: Final = timedelta(seconds=1)
MAX_TIMEOUT: Final = timedelta(seconds=60)
MAX_HEADERS: Final = 32
MAX_HEADER_BYTES: Final = 8192
"""Of all of a listener's headers together, `auth` included; many servers take no more."""

_HEADERS: Final = "callback.headers"
_RESERVED: Final = frozenset(
    {
        # of the connection: a wrong one lets requests be smuggled
        *("host", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"),
        *("transfer-encoding", "content-length", "proxy-connection"),
        *("proxy-authorization", "proxy-authenticate"),
        # of the body, which is sent as it is
        *("content-type", "content-encoding", "content-range", "accept-encoding"),
        # the sender's own word
        *("user-agent", "date", "traceparent", "tracestate"),
        # that somebody waits
        WAIT_HEADER,
    }
)
_CONTENT_TYPES: Final = {
    Format.STANDARD: "application/json",
    Format.CLOUDEVENTS: f"{STRUCTURED}; charset=utf-8",
    Format.CLOUDEVENTS_BATCH: f"{BATCH}; charset=utf-8",
}
_RESERVED_PREFIXES: Final = ("webhook-", "ce-")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_NOT_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110 §5.5


def own_name() -> str:
    """Return the bridge's ``User-Agent``, unless it is given another."""
    return f"workflow-notifier/{version('workflow-notifier')}"


def check_webhook(spec: CallbackSpec, guard: Guard) -> None:
    """Refuse a URL, method, header or timeout that cannot be; looks the host up.

    A name that cannot be looked up now is no reason: it may come up later, and each
    connection is checked again.

    Raises:
        Invalid: Names the field and what would be right.
    """
    if spec.url is None:
        raise Invalid(FIELD, "is missing")
    target = target_of(spec.url)
    guard.check_scheme(spec.url)
    check_request(spec)
    with suppress(OSError):
        guard.resolve(target)


def check_request(spec: CallbackSpec) -> None:
    """Refuse a method, a header, a sign-in or a timeout that no listener may have.

    Raises:
        Invalid: Names the field; never quotes a header's value.
    """
    if spec.method not in METHODS:
        raise Invalid("callback.method", f"must be one of {', '.join(METHODS)}")
    if not MIN_TIMEOUT <= spec.timeout <= MAX_TIMEOUT:
        raise Invalid("callback.timeout_seconds", "must be 1 to 60")
    check_auth(spec)
    if isinstance(spec.auth, HeaderAuth):
        field = f"{AUTH}.name"
        _check_name(spec.auth.name, unreadable=field, reserved=field)
        _check_value(f"{AUTH}.value", spec.auth.value)
    _check_headers(spec.headers)
    _check_size({**spec.headers, **auth_headers(spec.auth)})


def headers_of(call: Call, *, timestamp: int, user_agent: str) -> dict[str, str]:
    """Return the headers of the request that makes a call.

    Args:
        call: Whose body is signed.
        timestamp: Seconds since 1970, of this attempt.
        user_agent: The bridge's name.
    """
    listener = call.listener
    return {
        **constant_headers(listener.callback, user_agent),
        **event_headers(call),
        **wait_headers(call),
        "webhook-id": call.delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": Signer(listener).sign(
            call.delivery_id, timestamp, body_of(call)
        ),
    }


def body_of(call: Call) -> bytes:
    """Return the body of the request that makes a call."""
    envelope = call.envelope
    if call.listener.callback.format is Format.CLOUDEVENTS:
        return structured(envelope.event, envelope.body, {})
    return envelope.body  # a batch's own is that of all its events


def event_headers(call: Call) -> dict[str, str]:
    """Return the headers that tell of an event; structured, its body tells the most."""
    headers = told_in_headers(call.envelope.event, call.listener.callback.format)
    return headers if call.trace is None else {**headers, **call.trace}


def told_in_headers(event: Event, form: Format) -> dict[str, str]:
    """Return the headers that a format has of an event."""
    match form:
        case Format.STANDARD:
            return ce_headers(event)
        case Format.CLOUDEVENTS:
            return trace_headers(event)
        case Format.CLOUDEVENTS_BATCH:
            return {}  # there are several
        case _:
            assert_never(form)


def wait_headers(call: Call) -> dict[str, str]:
    """Return the header that tells how long somebody waits, if somebody does."""
    return {} if call.wait is None else {WAIT_HEADER: wait_text(call.wait)}


def content_type_of(form: Format) -> str:
    """Return what a body of this format is called."""
    return _CONTENT_TYPES[form]


def constant_headers(spec: CallbackSpec, user_agent: str) -> dict[str, str]:
    """Return the headers that are the same in all of a listener's requests."""
    return {
        **spec.headers,
        **auth_headers(spec.auth),
        "Content-Type": content_type_of(spec.format),
        "Accept-Encoding": "identity",
        "User-Agent": user_agent,
    }


def _check_headers(headers: Mapping[str, str]) -> None:
    if len(headers) > MAX_HEADERS:
        raise Invalid(_HEADERS, f"are {len(headers)}; at most {MAX_HEADERS}")
    if len({name.lower() for name in headers}) < len(headers):
        raise Invalid(_HEADERS, "name the same header twice")
    for name, value in headers.items():
        field = f"{_HEADERS}.{name}"
        _check_name(name, unreadable=_HEADERS, reserved=field)
        _check_value(field, value)


def _check_size(headers: Mapping[str, str]) -> None:
    # A character of latin-1 is a byte; ": " and CRLF make four.
    size = sum(len(name) + len(value) + 4 for name, value in headers.items())
    if size > MAX_HEADER_BYTES:
        raise Invalid(
            _HEADERS, f"are {size} bytes together; at most {MAX_HEADER_BYTES}"
        )


def _check_name(name: str, *, unreadable: str, reserved: str) -> None:
    """Refuse a header's name; the fields to blame are given for both reasons."""
    if not _TOKEN.fullmatch(name):
        raise Invalid(
            unreadable, f"{name!a} is no header name: letters, digits and hyphens are"
        )
    if name.lower() in _RESERVED or name.lower().startswith(_RESERVED_PREFIXES):
        raise Invalid(reserved, "is set by the bridge itself")


def _check_value(field: str, value: str) -> None:
    if _NOT_IN_VALUE.search(value):
        raise Invalid(field, "must hold no line break or other control character")
    if value != value.strip():
        raise Invalid(field, "must not begin or end with a space")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise Invalid(
            field, "must hold characters of latin-1 (ISO 8859-1) only"
        ) from None

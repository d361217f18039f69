# SPDX-License-Identifier: Apache-2.0
r"""What of a listener's requests stays the same, made ready once; pure.

::

    POST /hook HTTP/1.1\r\n           ─┐
    Host: hooks.example\r\n            │
    X-Team: ops\r\n                    │ Head.start
    Content-Type: application/json\r\n │
    …                                 ─┘
    ce-id: 17\r\n …                  ── of the event, the same for most listeners
    webhook-id: dlv_…\r\n            ─┐
    webhook-timestamp: 1790000000\r\n │
    webhook-signature: v1,…\r\n       │ of the attempt
    Content-Length: 412\r\n\r\n     ─┘
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from requests import PreparedRequest

from bridge.callbacks.guard import Target, target_of
from bridge.callbacks.request import (
    body_of,
    constant_headers,
    event_headers,
    wait_headers,
)
from bridge.callbacks.signing import Signer
from bridge.model import Call, Envelope, Format, Listener
from notifier.wire import ce_headers


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections lead that may carry each other's requests."""

    target: Target
    is_tls: bool
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # asked for several times in each request
        object.__setattr__(self, "_hash", hash((self.target, self.is_tls)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Head:
    """What all requests of one listener begin with.

    Attributes:
        listener: As it was then.
        signer: Knows its secrets.
        start: From the request line to the last header that never changes.
    """

    listener: Listener
    origin: Origin
    start: bytes = field(repr=False)
    signer: Signer = field(repr=False, compare=False)

    @classmethod
    def of(cls, listener: Listener, user_agent: str) -> "Head":
        """Make a listener's head ready.

        Raises:
            Invalid: Its URL breaks a rule.
        """
        spec = listener.callback
        given = spec.url or ""
        target = target_of(given)
        request = PreparedRequest()  # reads a URL as the general client does
        request.prepare_url(given, None)
        line = f"{spec.method} {request.path_url} HTTP/1.1\r\n"
        is_tls = urlsplit(given).scheme.lower() == "https"
        headers = {"Host": _host(target, is_tls=is_tls)}
        headers |= constant_headers(spec, user_agent)
        return cls(
            listener=listener,
            origin=Origin(target, is_tls),
            start=line.encode("ascii") + written(headers),
            signer=Signer(listener),
        )


def written(headers: Mapping[str, str]) -> bytes:
    """Return headers as they travel."""
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    return "".join(lines).encode("latin-1")


def event_lines(envelope: Envelope) -> bytes:
    """Return the headers of an event, as they travel."""
    return written(ce_headers(envelope.event))


def request_of(head: Head, lines: bytes, call: Call, timestamp: int) -> bytes:
    """Return a whole request.

    Args:
        head: Of the listener.
        lines: Of the event.
        call: Whose body is sent.
        timestamp: Seconds since 1970, of this attempt.
    """
    body = call.envelope.body
    if call.listener.callback.format is not Format.STANDARD:
        body = body_of(call)
        lines = written(event_headers(call))
    elif call.trace is not None:
        lines = written(event_headers(call))
    signature = head.signer.sign(call.delivery_id, timestamp, body)
    return (
        b"%b%b%bwebhook-id: %b\r\nwebhook-timestamp: %d\r\nwebhook-signature: %b\r\n"
        b"Content-Length: %d\r\n\r\n%b"
    ) % (
        head.start,
        lines,
        b"" if call.wait is None else written(wait_headers(call)),
        call.delivery_id.encode(),
        timestamp,
        signature.encode(),
        len(body),
        body,
    )


def _host(target: Target, *, is_tls: bool) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if is_tls else 80) else f"{host}:{target.port}"

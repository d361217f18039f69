# SPDX-License-Identifier: Apache-2.0
"""Proof that a webhook comes from the bridge; for whoever owns the webhook's URL.

This file may be copied. The schemes are those of Standard Webhooks: ``v1`` (HMAC-SHA256
over ``id.timestamp.body``) needs the standard library only, ``v1a`` (Ed25519 over the
same) cryptography.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix, no secret
PUBLIC_PREFIX: Final = "whpk_"
DEFAULT_TOLERANCE: Final = timedelta(minutes=5)

_SECONDS = re.compile(r"[0-9]{1,12}")


class VerificationError(Exception):
    """The webhook is not what the sender signed.

    Attributes:
        reason: What is wrong with it; holds no secret.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    now: datetime | None = None,
    tolerance: timedelta = DEFAULT_TOLERANCE,
) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the payload of a webhook, once it is proven to be the sender's.

    Args:
        secret: ``whsec_…``, as it was shown when the listener was added; or its
            public key, ``whpk_…``, where it signs by ``v1a``.
        headers: Of the request; names in any case.
        body: As it was received: parsed and encoded again it proves nothing.
        now: Aware. Default: the clock.
        tolerance: How far the sender's clock may be off, and how long a copy that
            somebody recorded is good for. Default: 5 minutes.

    Raises:
        VerificationError: It is not proven; `reason` says why.
        ValueError: The secret itself is malformed.
        ImportError: A public key needs cryptography, which is missing.

    Example:
        >>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        >>> headers = {
        ...     "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        ...     "webhook-timestamp": "1614265330",
        ...     "webhook-signature":
        ...         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ... }
        >>> then = datetime.fromtimestamp(1614265330, UTC)
        >>> verify(secret, headers, b'{"test": 2432232314}', now=then)
        {'test': 2432232314}
        >>> verify(secret, headers, b'{"test": 0}', now=then)
        Traceback (most recent call last):
        bridge.verify.VerificationError: no signature matches
    """
    version, is_right = scheme_of(secret)
    content = body.encode() if isinstance(body, str) else body
    lower = {name.lower(): value for name, value in headers.items()}
    message_id = _required(lower, "webhook-id")
    timestamp = _required(lower, "webhook-timestamp")
    signatures = _required(lower, "webhook-signature")
    _check_time(timestamp, datetime.now(UTC) if now is None else now, tolerance)
    signed = signed_content(message_id, timestamp, content)
    if not _matches(signatures, version, lambda given: is_right(given, signed)):
        raise VerificationError("no signature matches")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as err:
        raise VerificationError("the body is signed, but is not JSON") from err


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ValueError: It is not base64, with or without ``whsec_`` before it.
    """
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        # No cause: binascii quotes what it was given.
        raise ValueError("the secret must be whsec_ followed by base64") from None
    return key


def signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    """Return what is signed of a webhook."""
    return b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)


def mac(key: bytes, content: bytes) -> bytes:
    """Return what the sender's ``v1`` signature must decode to."""
    return hmac.digest(key, content, hashlib.sha256)


def scheme_of(secret: str) -> tuple[str, Callable[[bytes, bytes], bool]]:
    """Return a secret's scheme, and what judges a signature of a content by it.

    Raises:
        ValueError: The secret is malformed.
    """
    if secret.startswith(PUBLIC_PREFIX):
        return "v1a", _by_public_key(secret)
    key = key_of(secret)
    return "v1", lambda given, content: hmac.compare_digest(given, mac(key, content))


def _by_public_key(text: str) -> Callable[[bytes, bytes], bool]:
    # Only those who verify by a public key need the library.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as told above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - as told above
        Ed25519PublicKey,
    )

    try:
        raw = base64.b64decode(text.removeprefix(PUBLIC_PREFIX), validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        told = "a public key must be whpk_ followed by base64 of 32 bytes"
        raise ValueError(told) from None

    def is_right(given: bytes, content: bytes) -> bool:
        try:
            key.verify(given, content)
        except InvalidSignature:
            return False
        return True

    return is_right


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise VerificationError(f"{name} is missing")
    return value


def _check_time(timestamp: str, now: datetime, tolerance: timedelta) -> None:
    if not _SECONDS.fullmatch(timestamp):
        raise VerificationError("webhook-timestamp is not a number of seconds")
    age = now.timestamp() - int(timestamp)
    if abs(age) > tolerance.total_seconds():
        what = "too old" if age > 0 else "in the future"
        raise VerificationError(f"webhook-timestamp is {what} by {abs(age):.0f} s")


def _matches(signatures: str, wanted: str, is_right: Callable[[bytes], bool]) -> bool:
    found = False
    for signature in signatures.split():
        version, _, text = signature.partition(",")
        if version != wanted:
            continue  # the other scheme, and what is still to come
        try:
            given = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        # No early end: time must not tell which of several keys was right.
        found = is_right(given) or found
    return found

# SPDX-License-Identifier: Apache-2.0
"""Signatures of Standard Webhooks, ``v1``: they prove who sent a webhook."""

import base64
import secrets
from collections.abc import Callable
from typing import Final

from bridge.errors import Invalid
from bridge.verify import SECRET_PREFIX, key_of, mac

MIN_KEY_BYTES: Final = 24  # the specification's own bounds
MAX_KEY_BYTES: Final = 64

_NEW_KEY_BYTES: Final = 32


def new_secret(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Make a signing secret, ``whsec_…``.

    Args:
        random: Returns so many random bytes. Default: the system's.
    """
    return SECRET_PREFIX + base64.b64encode(random(_NEW_KEY_BYTES)).decode()


def check_secret(text: str) -> None:
    """Refuse a secret that the libraries of receivers would not take.

    Raises:
        Invalid: Not ``whsec_`` and base64 of 24 to 64 bytes. Does not quote it.
    """
    try:
        key = key_of(text) if text.startswith(SECRET_PREFIX) else b""
    except ValueError:
        key = b""
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise Invalid(
            "secret",
            f"must be {SECRET_PREFIX} followed by base64 of {MIN_KEY_BYTES} to "
            f"{MAX_KEY_BYTES} bytes; leave it out to be given one",
        )


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one message; several are joined by spaces.

    Args:
        secret: Checked by `check_secret`.
        message_id: The ``webhook-id``; holds no full stop.
        timestamp: The ``webhook-timestamp``, seconds since 1970.
        body: As it is sent.
    """
    digest = mac(key_of(secret), message_id, str(timestamp), body)
    return "v1," + base64.b64encode(digest).decode()

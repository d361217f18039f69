# SPDX-License-Identifier: Apache-2.0
"""Signatures of Standard Webhooks, ``v1`` and ``v1a``: they prove who sent a webhook."""

import base64
import math
import secrets
from collections.abc import Callable, Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bridge.errors import Invalid
from bridge.model import Listener
from bridge.model.signing import KEY_PREFIX, signs_in
from bridge.verify import PUBLIC_PREFIX, SECRET_PREFIX, key_of, mac, signed_content

MIN_KEY_BYTES: Final = 24  # the specification's own bounds
MAX_KEY_BYTES: Final = 64

_NEW_KEY_BYTES: Final = 32
_SEED_BYTES: Final = 32


def new_secret(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Make a signing secret, ``whsec_…``.

    Args:
        random: Returns so many random bytes. Default: the system's.
    """
    return SECRET_PREFIX + base64.b64encode(random(_NEW_KEY_BYTES)).decode()


def new_key(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Make a private key, ``whsk_…``: Ed25519's seed and public key, as libsodium has it.

    Args:
        random: Returns so many random bytes. Default: the system's.
    """
    seed = random(_SEED_BYTES)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return KEY_PREFIX + base64.b64encode(seed + public).decode()


def public_key_of(key: str) -> str:
    """Return the public key, ``whpk_…``, that verifies what a private one signs."""
    public = base64.b64decode(key.removeprefix(KEY_PREFIX))[_SEED_BYTES:]
    return PUBLIC_PREFIX + base64.b64encode(public).decode()


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


class Signer:
    """Signs what one listener is sent: by its present secrets, and the former.

    Args:
        listener: Its secrets are read once.
    """

    def __init__(self, listener: Listener) -> None:
        self._marks = [
            (mark_of(secret), until)
            for secret, until in _secrets(listener)
            if signs_in(listener.signing, secret)
        ]

    def sign(self, message_id: str, timestamp: int, body: bytes) -> str:
        """Return the signatures of one message.

        Args:
            message_id: The ``webhook-id``; holds no full stop.
            timestamp: The ``webhook-timestamp``, seconds since 1970.
            body: As it is sent.
        """
        content = signed_content(message_id, str(timestamp), body)
        return " ".join(
            [mark(content) for mark, until in self._marks if timestamp < until]
        )


def mark_of(secret: str) -> Callable[[bytes], str]:
    """Return what signs by a secret: ``v1,…``, or ``v1a,…`` by a ``whsk_…``."""
    if secret.startswith(KEY_PREFIX):
        seed = base64.b64decode(secret.removeprefix(KEY_PREFIX))[:_SEED_BYTES]
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return lambda content: "v1a," + _text(private.sign(content))
    key = key_of(secret)
    return lambda content: "v1," + _text(mac(key, content))


def _secrets(listener: Listener) -> Iterator[tuple[str, float]]:
    """Yield each secret, and when it ends."""
    yield listener.secret, math.inf
    if listener.key is not None:
        yield listener.key, math.inf
    for former in listener.former:
        yield former.text, former.until.timestamp()


def _text(signature: bytes) -> str:
    return base64.b64encode(signature).decode()

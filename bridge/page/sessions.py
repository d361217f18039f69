# SPDX-License-Identifier: Apache-2.0
"""What a browser keeps of somebody who signed in: sealed, and never the token itself.

The cookie holds the token's id: a token that is revoked ends its sessions, on every
bridge. Any bridge with the same key reads it; another key ends all sessions.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.api.parts import Sealing
from bridge.errors import KeyChanged
from bridge.model import TokenId

COOKIE: Final = "notifier_bridge_session"
LASTS: Final = timedelta(hours=12)
_PURPOSE: Final = "session"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in; `csrf` stands in each form that is theirs."""

    token_id: TokenId
    csrf: str


class Sessions:
    """Makes and reads cookies.

    Args:
        sealing: Has the key.
        now: The time that all bridges on the database agree on.
    """

    def __init__(self, sealing: Sealing, now: Callable[[], datetime]) -> None:
        self._sealing = sealing
        self._now = now

    def new(self, token_id: TokenId) -> str:
        """Return the cookie of somebody who has just shown this token."""
        until = self._now() + LASTS
        members = {
            "purpose": _PURPOSE,
            "token": token_id,
            "csrf": new_csrf(),
            "until": until.timestamp(),
        }
        return self._sealing.seal(members).decode()

    def read(self, cookie: str) -> Session | None:
        """Return the session that a cookie holds; None: it holds none, or an old one."""
        try:
            members = self._sealing.open(cookie.encode())
        except (KeyChanged, ValueError):
            return None
        if members.get("purpose") != _PURPOSE:
            return None
        if datetime.fromtimestamp(members["until"], UTC) <= self._now():
            return None
        return Session(TokenId(members["token"]), members["csrf"])


def new_csrf() -> str:
    """Return what nobody can guess who does not see the form."""
    return secrets.token_urlsafe(24)


def is_same(given: str, known: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), known.encode())

# SPDX-License-Identifier: Apache-2.0
"""Tells who asks, by the token that is shown; on the event loop.

A token is looked up at most every two seconds; so long one that was revoked, in this
bridge or another, may still be good.
"""

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from fastapi.concurrency import run_in_threadpool

from bridge.api.refusal import Refusal
from bridge.api.roles import token_in
from bridge.api.strangers import Strangers
from bridge.errors import NotFound, StoreError
from bridge.model import Access, Token, TokenId, digest_of

FRESH_SECONDS: Final = 2.0
MAX_KNOWN: Final = 10_000
"""Tokens that were good, the ones that were shown last."""

_CHALLENGE: Final = 'Bearer realm="notifier-bridge"'
_HOW: Final = "send Authorization: Bearer, with one of notifier-bridge token-create"

_log = logging.getLogger("bridge")


class Tokens(Protocol):
    """Where tokens are looked up; blocking."""

    def of_digest(self, digest: str) -> Token | None:
        """Return the token with this digest; None: there is none.

        Raises:
            StoreError: The database did not answer.
        """

    def get(self, project: str | None, token_id: TokenId) -> Token:
        """Return the token with this id.

        Raises:
            NotFound: There is none.
            StoreError: The database did not answer.
        """


class SignIn:
    """Knows whose a token is.

    Args:
        tokens: Where they are looked up.
        now: The time that all bridges on the database agree on.
        steady: Seconds on a clock that never jumps.
    """

    def __init__(
        self,
        tokens: Tokens,
        now: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._now = now
        self._steady = steady
        self._strangers = Strangers()
        self._known: OrderedDict[str, tuple[float, Token]] = OrderedDict()

    async def admit(self, headers: Mapping[str, str], address: str) -> Access | Refusal:
        """Return what whoever asks may do, or why they are turned away.

        Args:
            headers: By names in lower case.
            address: That the request came from.

        Raises:
            StoreError: The database did not answer.
        """
        text = token_in(headers)
        if text is None:
            return unknown(f"who asks must show a token: {_HOW}", _CHALLENGE)
        digest = digest_of(text)
        token = None if digest is None else await self._look(digest)
        if token is None or not token.is_live(self._now()):
            wait = self._strangers.wait(address, self._steady())
            if wait:  # others behind the same address go in with good ones
                return too_many(wait)
            self._strangers.note(address, self._steady())
            _log.warning("wrong token", extra={"address": address})
            reason = f"the token is wrong, revoked or expired: {_HOW}"
            return unknown(reason, f'{_CHALLENGE}, error="invalid_token"')
        return token.access

    async def of_token(self, token_id: TokenId) -> Access | None:
        """Return what who has shown a token before may do now; None: nothing.

        Raises:
            StoreError: The database did not answer.
        """
        try:
            token = await run_in_threadpool(self._tokens.get, None, token_id)
        except NotFound:
            return None
        return token.access if token.is_live(self._now()) else None

    async def is_still_in(self, access: Access) -> bool:
        """Tell whether somebody who was let in would be now.

        While the database does not answer, they would.
        """
        if access.token_id is None:
            return True
        try:
            return await self.of_token(access.token_id) is not None
        except StoreError:
            return True

    async def _look(self, digest: str) -> Token | None:
        looked_at, known = self._known.get(digest, (-math.inf, None))
        if self._steady() - looked_at < FRESH_SECONDS:
            return known
        began = self._steady()
        token = await run_in_threadpool(self._tokens.of_digest, digest)
        self._known.pop(digest, None)
        if token is not None:
            self._known[digest] = began, token
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return token


def unknown(reason: str, challenge: str) -> Refusal:
    """Turn away who shows no token, or a wrong one."""
    return Refusal(401, reason, {"WWW-Authenticate": challenge})


def too_many(seconds: float) -> Refusal:
    """Turn away who tries many wrong tokens, for so long."""
    return Refusal(
        429,
        "too many wrong tokens came from this address",
        {"Retry-After": str(math.ceil(seconds))},
    )

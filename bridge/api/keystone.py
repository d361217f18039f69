# SPDX-License-Identifier: Apache-2.0
"""Tells who asks, by the token of Keystone that is shown; on the event loop.

A token is shown to Keystone at most every two seconds; so long one that was revoked may
still be good. A project is Keystone's, by its id.
"""

import hashlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from fastapi.concurrency import run_in_threadpool

from bridge.api.refusal import Refusal
from bridge.api.roles import token_in
from bridge.api.signing_in import FRESH_SECONDS, MAX_KNOWN, too_many, unknown
from bridge.api.strangers import Strangers
from bridge.errors import NoKeystone
from bridge.model import Access, Role, TokenId

_HOW: Final = "send X-Auth-Token, or Authorization: Bearer, with a token of Keystone"
_NAMED: Final = {
    "reader": Role.READER,
    "member": Role.MEMBER,
    "_member_": Role.MEMBER,
    "admin": Role.ADMIN,
}

_log = logging.getLogger("bridge")


@dataclass(frozen=True, slots=True)
class Standing:
    """What Keystone says of a token.

    Attributes:
        project: Id of the one that it is scoped to; None: it is to none.
        is_of_system: It is scoped to the whole of the cloud.
        roles: There, by their names.
    """

    project: str | None
    roles: Collection[str]
    is_of_system: bool = False


class KeystoneSignIn:
    """Knows whose a token of Keystone is (see `Admission`).

    Args:
        ask: Returns what Keystone says of a token, None: it is wrong; blocking. Raises
            NoKeystone when that cannot be known.
        challenge: What is told those who show none, as ``WWW-Authenticate``.
        steady: Seconds on a clock that never jumps.
    """

    def __init__(
        self,
        ask: Callable[[str], Standing | None],
        challenge: str,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._challenge = challenge
        self._steady = steady
        self._strangers = Strangers()
        self._known: OrderedDict[TokenId, tuple[float, str, Standing]] = OrderedDict()

    async def admit(self, headers: Mapping[str, str], address: str) -> Access | Refusal:
        """Return what whoever asks may do, or why they are turned away."""
        text = token_in(headers)
        if not text:
            return unknown(f"who asks must show a token: {_HOW}", self._challenge)
        try:
            standing = await self._look(text)
        except NoKeystone as err:
            return Refusal(503, str(err), {"Retry-After": "1"})
        if standing is None:
            wait = self._strangers.wait(address, self._steady())
            if wait:
                return too_many(wait)
            self._strangers.note(address, self._steady())
            _log.warning("wrong token", extra={"address": address})
            reason = f"the token is wrong, revoked or expired: {_HOW}"
            return unknown(reason, self._challenge)
        return access_by(standing, _id_of(text))

    async def of_token(self, token_id: TokenId) -> Access | None:
        """Return what who has shown a token here may do now; None: nothing.

        Raises:
            NoKeystone: That cannot be known.
        """
        known = self._known.get(token_id)
        standing = None if known is None else await self._look(known[1])
        access = None if standing is None else access_by(standing, token_id)
        return None if isinstance(access, Refusal) else access

    async def is_still_in(self, access: Access) -> bool:
        """Tell whether somebody who was let in would be now."""
        if access.token_id is None:
            return False
        try:
            return await self.of_token(access.token_id) == access
        except NoKeystone:
            return True

    async def _look(self, text: str) -> Standing | None:
        key = _id_of(text)
        looked_at, _, known = self._known.get(key, (-math.inf, "", None))
        if self._steady() - looked_at < FRESH_SECONDS:
            return known
        began = self._steady()
        standing = await run_in_threadpool(self._ask, text)
        self._known.pop(key, None)
        if standing is not None:
            self._known[key] = began, text, standing
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return standing


def access_by(standing: Standing, token_id: TokenId) -> Access | Refusal:
    """Return what follows from what Keystone says; the highest role counts."""
    roles = [
        role
        for name in standing.roles
        if (role := _NAMED.get(name.lower())) is not None
    ]
    if standing.project is None and not standing.is_of_system:
        return Refusal(403, "the token is scoped to no project; ask Keystone for one")
    if not roles:
        return Refusal(
            403, "the token gives none of the roles reader, member and admin there"
        )
    highest = max(roles, key=list(Role).index)
    return Access(standing.project, highest, token_id)


def _id_of(text: str) -> TokenId:
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return TokenId(f"keystone_{digest[:32]}")

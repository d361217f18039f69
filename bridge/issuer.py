# SPDX-License-Identifier: Apache-2.0
"""The one way to make and revoke tokens; blocking, for any thread."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bridge.errors import Invalid, QuotaReached
from bridge.model import Role, Token, TokenId, digest_of, new_token_text
from bridge.model.drafts import check_project, check_text
from bridge.store.tokens import TokenStore

DEFAULT_LIFE: Final = timedelta(days=365)
MAX_LIFE: Final = timedelta(days=3650)
MAX_TOKENS: Final = 100
"""So many live tokens a project may have."""

_NOTHING: Final = timedelta()
_ASK_AGAIN: Final = timedelta(hours=1)

_log = logging.getLogger("bridge")


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, and its text, which is known here and now only."""

    token: Token
    text: str = field(repr=False)


class Issuer:
    """Makes tokens, and revokes them.

    Args:
        store: Where they are kept.
        now: The time that all bridges on the database agree on.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, store: TokenStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def issue(
        self,
        project: str | None,
        role: Role,
        *,
        name: str | None = None,
        life: timedelta | None = DEFAULT_LIFE,
    ) -> Issued:
        """Make a token.

        Args:
            project: It is good for; None: for every one.
            role: That it gives there.
            name: For people.
            life: It expires so long from now; None: never.

        Raises:
            Invalid: Names the field and what would be right.
            QuotaReached: The project has as many as it may.
        """
        if project is not None:
            check_project(project)
        check_text("name", name)
        if life is not None and not _NOTHING < life <= MAX_LIFE:
            raise Invalid(
                "expires_in", f"must be over 0 and at most {MAX_LIFE.days} days"
            )
        now = self._now()
        if self._store.count(project, now) >= MAX_TOKENS:
            raise QuotaReached(
                f"there are {MAX_TOKENS} tokens already; revoke one", _ASK_AGAIN
            )
        text = new_token_text()
        token = Token(
            id=_new_id(),
            digest=str(digest_of(text)),
            project=project,
            role=role,
            name=name,
            created_at=now,
            expires_at=None if life is None else now + life,
        )
        self._store.add(token)
        _log.info("token made", extra=_told(token.id, project) | {"role": role.value})
        return Issued(token, text)

    def revoke(self, project: str | None, token_id: TokenId) -> None:
        """Let a token open nothing any more; of any project where that is None.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        self._store.revoke(project, token_id)
        _log.info("token revoked", extra=_told(token_id, project))


def _new_id() -> TokenId:
    """Return an id that sorts by the time it was made, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    return TokenId(f"tok_{milliseconds:012x}{secrets.token_hex(6)}")


def _told(token_id: TokenId, project: str | None) -> dict[str, str | None]:
    return {"token_id": token_id, "project": project}

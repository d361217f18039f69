# SPDX-License-Identifier: Apache-2.0
"""Who may do what: roles, the tokens that give them, and what follows from one."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from bridge.errors import NotAllowed
from notifier.event import DEFAULT_PROJECT

TokenId = NewType("TokenId", str)

PREFIX: Final = "wnb_"
"""Tokens begin with it, so that those who look for leaked secrets find them."""

_RANDOM_BYTES: Final = 32
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


class Role(StrEnum):
    """What somebody may do in a project; each may also do what those before it may."""

    READER = "reader"
    MEMBER = "member"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        """Tell whether it allows what the other does.

        Example:
            >>> Role.MEMBER.covers(Role.READER), Role.MEMBER.covers(Role.ADMIN)
            (True, False)
        """
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Access:
    """What whoever asks may do.

    Attributes:
        project: Whose things they see; None: those of every project.
        token_id: Of the token that they have shown; None: none was asked for.
    """

    project: str | None
    role: Role
    token_id: TokenId | None = None

    def within(self, named: str | None) -> str | None:
        """Return whose things are meant; None: those of every project.

        Args:
            named: The project that the request names, if any.

        Raises:
            NotAllowed: It is another than their own, whether there is such a one or not.
        """
        if self.project is None:
            return named
        if named not in (None, self.project):
            raise NotAllowed(
                "project", f"must be {self.project}, the token's own, or left out"
            )
        return self.project

    def own(self, named: str | None) -> str:
        """Return the project that something is in, or shall be in.

        Raises:
            NotAllowed: The request names another than their own.
        """
        project = self.within(named)
        return DEFAULT_PROJECT if project is None else project


EVERYBODY: Final = Access(None, Role.ADMIN)
"""What whoever reaches the API may do where nobody signs in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token: never its text.

    Attributes:
        digest: `digest_of` its text.
        project: None: every one.
        name: For people.
        expires_at: None: never.
    """

    id: TokenId
    digest: str = field(repr=False)
    project: str | None
    role: Role
    name: str | None
    created_at: datetime
    expires_at: datetime | None

    @property
    def access(self) -> Access:
        """What whoever shows it may do."""
        return Access(self.project, self.role, self.id)

    def is_live(self, now: datetime) -> bool:
        """Tell whether it has not expired."""
        return self.expires_at is None or now < self.expires_at


def new_token_text() -> str:
    """Return the text of a new token, which nobody can guess."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(text: str) -> str | None:
    """Return what is kept of a token's text; None: it is no token's.

    SHA-256 is enough, and quick: there are no words to try in 256 random bits, and a
    slow hash would let anybody keep the bridge busy with wrong tokens.
    """
    if not _TOKEN.fullmatch(text):
        return None
    return hashlib.sha256(text.encode()).hexdigest()

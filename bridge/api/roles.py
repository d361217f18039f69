# SPDX-License-Identifier: Apache-2.0
"""Which role a request needs, told by method and path before any route is looked for.

What is not named here needs a role all the same: a route that is new is shut.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query, Request

from bridge.errors import NotAllowed
from bridge.model import Access, Role

OPEN: Final = frozenset({"/healthz", "/readyz"})
"""Asked by those who keep the bridge running, before they know of tokens."""

_OF_ALL: Final = ("/metrics", "/v1/quarantine")
_TOKENS: Final = "/v1/tokens"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Need:
    """What whoever asks must be.

    Attributes:
        role: At least.
        in_all: In every project: what is shown is of all of them.
    """

    role: Role
    in_all: bool = False

    def check(self, access: Access) -> None:
        """Refuse those who are less.

        Raises:
            NotAllowed: Says what is needed.
        """
        if not access.role.covers(self.role):
            raise NotAllowed(
                "role",
                f"this token is a {access.role}'s; it takes one of a {self.role}",
            )
        if self.in_all and access.project is not None:
            raise NotAllowed(
                "project",
                f"this token is good for {access.project} alone; it takes one for all",
            )


def need(method: str, path: str) -> Need | None:
    """Return what a request needs; None: it is open to everybody.

    Example:
        >>> need("POST", "/v1/listeners").role, need("GET", "/healthz")
        (<Role.MEMBER: 'member'>, None)
    """
    if path in OPEN:
        return None
    if _is_under(path, (_TOKENS,)):
        return Need(Role.ADMIN)
    role = Role.READER if method in _READING else Role.MEMBER
    return Need(role, in_all=_is_under(path, _OF_ALL))


def _is_under(path: str, roots: Iterable[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in roots)


def token_in(headers: Mapping[str, str]) -> str | None:
    """Return the token in a request's headers; None: there is none.

    Args:
        headers: By names in lower case. Clients of OpenStack send ``x-auth-token``.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-auth-token")


def access_of(request: Request) -> Access:
    """Return what whoever sent a request may do, as the door found out."""
    found: Access = request.state.access
    return found


Caller = Annotated[Access, Depends(access_of)]
"""Who asks: every handler takes it, since it decides whose things are seen."""


def own_project(
    caller: Caller,
    project: Annotated[
        str | None, Query(description="That it is of. Default: the token's.")
    ] = None,
) -> str:
    """Return the project that a request is about.

    Raises:
        NotAllowed: It is another than the caller's own.
    """
    return caller.own(project)


OwnProject = Annotated[str, Depends(own_project)]
"""The project that a request is about, which is the caller's."""

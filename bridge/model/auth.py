# SPDX-License-Identifier: Apache-2.0
"""How the bridge signs in where a callback leads."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """A token, sent as ``Authorization: Bearer …`` (RFC 6750)."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user and a password, sent as ``Authorization: Basic …`` (RFC 7617)."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """An API key, sent in a header of the receiver's choice."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateAuth:
    """A TLS client certificate, shown during the handshake.

    Attributes:
        certificate: In PEM; those of its issuers may follow.
        key: In PEM, under no password.
    """

    certificate: str = field(repr=False)
    key: str = field(repr=False)


Auth = BearerAuth | BasicAuth | HeaderAuth | CertificateAuth

TYPES: Final[Mapping[str, type[Auth]]] = {
    "bearer": BearerAuth,
    "basic": BasicAuth,
    "header": HeaderAuth,
    "certificate": CertificateAuth,
}
"""The ``type`` of each kind in JSON."""

SECRETS: Final = frozenset({"token", "password", "value", "key"})
"""The members that nobody may read."""


def members_of(auth: Auth) -> dict[str, str]:
    """Return what `auth_of` takes, secrets included."""
    (name,) = (name for name, kind in TYPES.items() if isinstance(auth, kind))
    return {"type": name, **asdict(auth)}


def auth_of(members: Mapping[str, str]) -> Auth:
    """Return what its members, ``type`` among them, stand for."""
    values = dict(members)
    return TYPES[values.pop("type")](**values)

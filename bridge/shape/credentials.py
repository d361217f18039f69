# SPDX-License-Identifier: Apache-2.0
"""How a callback signs in, as JSON: taken by its type, shown without what is secret."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from bridge import model
from bridge.errors import Invalid
from bridge.model.auth import SECRETS, auth_of, members_of
from bridge.shape.merging import MASK, unmask
from bridge.shape.strict import Strict

_FIELD: Final = "callback.auth"


class BearerAuth(Strict):
    """A token, sent as `Authorization: Bearer …`."""

    type: Literal["bearer"]
    token: str


class BasicAuth(Strict):
    """A user and a password, sent as `Authorization: Basic …`."""

    type: Literal["basic"]
    username: str
    password: str


class HeaderAuth(Strict):
    """An API key, sent in a header."""

    type: Literal["header"]
    name: str = Field(examples=["X-Api-Key"])
    value: str


class CertificateAuth(Strict):
    """A TLS client certificate and its key, both in PEM."""

    type: Literal["certificate"]
    certificate: str
    key: str


_KINDS: Final[Mapping[str, type[Strict]]] = {
    "bearer": BearerAuth,
    "basic": BasicAuth,
    "header": HeaderAuth,
    "certificate": CertificateAuth,
}


def _by_type(given: object) -> object:
    """Choose by ``type``, so that errors speak of that kind only."""
    if not isinstance(given, Mapping):
        return given
    kind = _KINDS.get(str(given.get("type")))
    if kind is None:
        raise Invalid(f"{_FIELD}.type", f"must be one of {', '.join(_KINDS)}")
    return kind.model_validate(given)


Auth = Annotated[
    BearerAuth | BasicAuth | HeaderAuth | CertificateAuth, BeforeValidator(_by_type)
]
"""As it is taken; `***` keeps what is known."""


def auth_json(auth: model.Auth | None) -> dict[str, str] | None:
    """Return how a callback signs in, without what is secret."""
    if auth is None:
        return None
    members = members_of(auth)
    return members | dict.fromkeys(SECRETS & members.keys(), MASK)


def auth_from(
    given: Auth | None, known: model.Auth | None, *, is_elsewhere: bool
) -> model.Auth | None:
    """Return it as a value; what is masked is taken from the known one of its type.

    Args:
        given: As it was taken.
        known: Of the listener as it stands.
        is_elsewhere: The URL leads to another origin than the known one's.

    Raises:
        Invalid: A masked value cannot stay.
    """
    if given is None:
        return None
    members: dict[str, Any] = given.model_dump()
    stays = {} if known is None else members_of(known)
    if stays.get("type") != members["type"]:
        stays = {}
    for name in SECRETS & members.keys():
        members[name] = unmask(
            f"{_FIELD}.{name}",
            members[name],
            stays.get(name),
            is_elsewhere=is_elsewhere,
        )
    return auth_of(members)

# SPDX-License-Identifier: Apache-2.0
"""One request for a page, once its sender was let in: who asks, and what for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from bridge.errors import Invalid
from bridge.model import Access, Role

MAX_FIELDS: Final = 2000
CSRF_FIELD: Final = "csrf"
_MAX_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Fields:
    """What a form or a query holds; a field may be given many times."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> "Fields":
        """Read what a browser sends of a form, or behind ``?``.

        Raises:
            Invalid: It is no such text, or holds NUL, which no database takes.
        """
        try:
            pairs = parse_qsl(
                text,
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_FIELDS,
            )
        except ValueError as err:
            raise Invalid("form", "is not one of this page's") from err
        if any("\0" in name + value for name, value in pairs):
            raise Invalid("form", "must hold no NUL")
        return cls(tuple(pairs))

    def get(self, name: str, default: str = "") -> str:
        """Return a field without the space around it; the default: it is not there."""
        found = self.all(name)
        return found[0].strip() if found else default

    def all(self, name: str) -> Sequence[str]:
        """Return all that a field was given."""
        return [value for key, value in self.pairs if key == name]

    def number(self, name: str) -> int | None:
        """Return a field that any database can hold as a number; None: it is none."""
        text = self.get(name)
        is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
        return int(text) if is_number else None

    def as_mapping(self) -> Mapping[str, str]:
        """Return each field's first value."""
        return dict(reversed(self.pairs))


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a page.

    Attributes:
        access: What whoever asks may do.
        csrf: Stands in each form of the answer.
        path: As it was asked for.
        params: What the path holds.
        query: What stands behind ``?``.
        form: What was sent; nothing for a GET.
        signed_in: Whether there is something to sign out of.
        wants_json: It is one of our scripts that asks.
        is_known: Whether it is known who asks.
        address: That a stranger's request came from.
        is_private: Of a stranger: nobody reads along (HTTPS).
    """

    access: Access
    csrf: str
    path: str
    params: Mapping[str, str]
    query: Fields
    form: Fields = Fields()
    signed_in: bool = False
    wants_json: bool = False
    is_known: bool = True
    address: str = ""
    is_private: bool = False

    @property
    def may_change(self) -> bool:
        """Whether they may do more than read."""
        return self.access.role.covers(Role.MEMBER)

    @property
    def sees_all(self) -> bool:
        """Whether they see the things of every project."""
        return self.access.project is None

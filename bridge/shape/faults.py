# SPDX-License-Identifier: Apache-2.0
"""What is wrong with what was sent: the field by its path, and what would be right."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel

_ALIKE: Final = 0.5  # difflib's ratio: 'oredred' is that near to 'ordered'
# Beyond, comparing takes minutes; nobody means a name of theirs by one so long.
_MAX_CHARS: Final = 64
_MAX_KNOWN: Final = 1000


def fault_of(
    error: Mapping[str, Any], known: Mapping[str, Collection[str]]
) -> tuple[str, str]:
    """Return field and reason of one of pydantic's errors.

    Args:
        error: Its ``loc`` begins with the place: ``body`` or ``query``.
        known: For each place the fields there are, to suggest one.
    """
    place, *path = error["loc"]
    field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    field = field.removeprefix(".") or place
    message: str = error["msg"]
    if error["type"] == "missing":
        message = "is missing"
    elif error["type"] == "extra_forbidden":
        message = f"unknown field{suggestion(field, known.get(place, ()))}"
    return field, message.replace("Input should be", "must be")


def field_names(kind: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Return the dotted path of every member, so that a mistyped one can be told."""
    for name, member in kind.model_fields.items():
        yield prefix + name
        for inner in _models_in(member.annotation):
            yield from field_names(inner, f"{prefix}{name}.")


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return what to say behind an unknown name; empty if none is near it."""
    if len(name) > _MAX_CHARS or len(known) > _MAX_KNOWN:
        return ""
    near = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return f"; did you mean {near[0]}?" if near else ""

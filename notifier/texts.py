# SPDX-License-Identifier: Apache-2.0
"""Refuses texts that no event may hold: empty, too long, or with control characters."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from notifier.errors import InvalidEvent

MAX_SHORT_BYTES: Final = 255  # an AMQP short string (AMQP 0-9-1 §4.2.5.3)
MAX_NAME_CHARS: Final = 255  # as engines' own databases have it

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_object(path: str, value: object, one_of: tuple[str, ...]) -> None:
    """Refuse what is no object, or says nothing under any of some names.

    Raises:
        InvalidEvent: Names the field.
    """
    if not isinstance(value, Mapping):
        named = f" with {' or '.join(one_of)}" if one_of else ""
        raise InvalidEvent(path, f"must be an object{named}")
    for name in ("id", "name"):
        check_optional_text(path, name, value)
    if one_of and not any(value.get(name) for name in one_of):
        raise InvalidEvent(f"{path}.{one_of[0]}", "is missing")


def check_optional_text(path: str, name: str, value: Mapping[str, Any]) -> None:
    """Refuse a member that is there and no good text.

    Raises:
        InvalidEvent: Names the field.
    """
    text = value.get(name)
    if text is not None and text != "" and not _is_plain(text):
        _check_odd_text(f"{path}.{name}", text)


def check_text(path: str, text: object, *, max_bytes: int | None = None) -> None:
    """Refuse what is no text, or one that no event may hold.

    Args:
        path: Names the field.
        text: Which.
        max_bytes: Default: 255 characters.

    Raises:
        InvalidEvent: Says what would be right.
    """
    if not _is_plain(text):
        _check_odd_text(path, text, max_bytes=max_bytes)


def are_plain(texts: Iterable[object]) -> bool:
    """Tell, at little cost, that texts are right, whatever they are for.

    Nearly all are; of others it has to be seen. None, and an empty one, do no harm.
    """
    try:
        known: list[Any] = [one for one in texts if one is not None]
        joined = "".join(known)
    except TypeError:
        return False
    if len(joined) > MAX_SHORT_BYTES and max(map(len, known)) > MAX_SHORT_BYTES:
        return False
    return joined.isascii() and joined.isprintable()


def _is_plain(text: object) -> bool:
    """Tell, at little cost, that nearly every text is right, whatever it is for."""
    return (
        isinstance(text, str)
        and text.isascii()
        and text.isprintable()
        and 0 < len(text) <= MAX_SHORT_BYTES
    )


def _check_odd_text(path: str, text: object, *, max_bytes: int | None = None) -> None:
    if not isinstance(text, str):
        raise InvalidEvent(path, f"must be text, not {type(text).__name__}")
    if not text:
        raise InvalidEvent(path, "must not be empty")
    if _CONTROL.search(text):
        raise InvalidEvent(path, "must hold no control characters")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as err:
        raise InvalidEvent(path, "must be valid Unicode") from err
    if max_bytes is None:
        if len(text) > MAX_NAME_CHARS:
            raise InvalidEvent(path, f"is over {MAX_NAME_CHARS} characters long")
    elif size > max_bytes:
        raise InvalidEvent(path, f"is {size} bytes long; at most {max_bytes}")

# SPDX-License-Identifier: Apache-2.0
"""Changes to a listener's JSON: merge patches, and values that are shown masked.

What may be secret is written, never read: ``***`` is shown for it, and ``***`` sent
back means that the value stays. It does not where the URL changes its origin: else
whoever may change a URL could have the secret sent to a host of their own.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from bridge.callbacks.guard import target_of
from bridge.errors import Invalid
from bridge.model import CallbackSpec

MASK: Final = "***"

_SECRET_NAME = re.compile(
    r"auth|cookie|token|key|secret|password|credential|signature|session|^x-api-",
    re.IGNORECASE,
)


def merge(target: object, patch: object) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return the target with a merge patch applied (RFC 7396 §2).

    Example:
        >>> merge({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"d": 3}})
        {'b': {'c': 2, 'd': 3}}
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def mask(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as they may be shown."""
    return {
        name: MASK if _SECRET_NAME.search(name) else value
        for name, value in headers.items()
    }


def has_secrets(callback: CallbackSpec) -> bool:
    """Tell whether a callback sends what nobody may read."""
    return callback.auth is not None or MASK in mask(callback.headers).values()


def unmask(field: str, value: str, known: str | None, *, is_elsewhere: bool) -> str:
    """Return a value, or the known one where a masked one was sent back.

    Args:
        field: Named in errors.
        value: As it was sent.
        known: None: there is none.
        is_elsewhere: The URL leads to another origin than the known value was for.

    Raises:
        Invalid: There is no value that could stay, or it must not.
    """
    if value != MASK:
        return value
    if known is None:
        raise Invalid(field, "has no value that could stay")
    if is_elsewhere:
        raise Invalid(field, "give it again: the URL leads elsewhere")
    return known


def unmask_headers(
    headers: Mapping[str, str], known: Mapping[str, str], *, is_elsewhere: bool
) -> dict[str, str]:
    """Return headers with the known value wherever a masked one was sent back.

    Raises:
        Invalid: See `unmask`.
    """
    kept = {name.lower(): value for name, value in known.items()}
    return {
        name: unmask(
            f"callback.headers.{name}",
            value,
            kept.get(name.lower()),
            is_elsewhere=is_elsewhere,
        )
        for name, value in headers.items()
    }


def leads_elsewhere(url: str | None, known: CallbackSpec) -> bool:
    """Tell whether a URL has another scheme, host or port than a callback's.

    Raises:
        Invalid: It is no URL.
    """
    return url != known.url and _origin(url) != _origin(known.url)


def _origin(url: str | None) -> object:
    return None if url is None else (url.partition("://")[0].lower(), target_of(url))

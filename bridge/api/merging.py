# SPDX-License-Identifier: Apache-2.0
"""Changes to a listener's JSON: merge patches, and values that are shown masked.

Header values that may carry credentials are written, never read: ``***`` is shown for
them, and ``***`` sent back means that the value stays.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from bridge.errors import Invalid

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


def unmask(headers: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Return headers with the known value wherever a masked one was sent back.

    Raises:
        Invalid: There is no value that could stay.
    """
    kept = {name.lower(): value for name, value in known.items()}
    whole = {}
    for name, value in headers.items():
        if value == MASK and name.lower() not in kept:
            raise Invalid(f"callback.headers.{name}", "has no value that could stay")
        whole[name] = kept[name.lower()] if value == MASK else value
    return whole

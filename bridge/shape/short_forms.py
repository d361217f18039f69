# SPDX-License-Identifier: Apache-2.0
"""The two short ways to write a listener, and the whole shape that each stands for.

::

    {"workbook_name": "orders", "events": ["EXECUTION"], "url": "http://…"}
    {"workbook": "orders", "events": ["EXECUTION"], "callback": {"url": "http://…"}}

    {"callback": {"events": ["on-task-complete"], "url": "http://…", "method": "POST"}}
    {"events": ["on-task-complete"], "callback": {"url": "http://…", "method": "POST"}}
"""

from collections.abc import Mapping
from typing import Any, Final

from bridge.errors import Invalid

_OF_CALLBACK: Final = ("url", "method", "headers")


def expand(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole shape of what may be a short form; anything else unchanged.

    Raises:
        Invalid: The same thing is said twice.
    """
    whole = dict(given)
    if "workbook_name" in whole:
        name = whole.pop("workbook_name")
        _say_once(whole, "workbook", "workbook_name", name)
    inner = whole.get("callback", {})
    if not isinstance(inner, Mapping):
        return whole
    callback = dict(inner)
    if "events" in callback:
        _say_once(whole, "events", "callback.events", callback.pop("events"))
    for name in _OF_CALLBACK:
        if name in whole:
            _say_once(callback, name, name, whole.pop(name), within="callback.")
    if callback or "callback" in whole:
        whole["callback"] = callback
    return whole


def _say_once(
    members: dict[str, Any], name: str, field: str, value: object, *, within: str = ""
) -> None:
    if name in members:
        raise Invalid(field, f"is the short form of {within}{name}; give one of them")
    members[name] = value

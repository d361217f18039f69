# SPDX-License-Identifier: Apache-2.0
"""Reads what was typed of a listener: as the JSON that the API takes.

What is None was not given; an empty text takes something away.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bridge.cli.credentials import read_auth, read_secret
from bridge.cli.filters import read_filters
from bridge.client import Json
from bridge.errors import Invalid

_OF_LISTENER: Final = (
    *("project", "name", "description", "workbook", "workflow", "execution_id", "task"),
    *("when", "secret", "signing", "ordered", "max_in_flight", "enabled"),
)
_OF_CALLBACK: Final = (
    *("type", "url", "method", "exchange", "routing_key", "timeout_seconds"),
    *("mode", "on_timeout"),
)


def draft(given: Mapping[str, Any]) -> Json:
    """Return a new listener; without events it hears all of what it is bound to.

    Args:
        given: By the names of `bridge.cli.options`, and of the API beside them.

    Raises:
        Invalid: Names what was typed.
    """
    if given.get("type") in {None, "http"} and given.get("url") is None:
        raise Invalid("URL", "a callback of type http needs a URL")
    listener = change(given)
    everything = ["TASK"] if "task" in listener else ["EXECUTION", "TASK"]
    return {"events": everything} | listener


def change(given: Mapping[str, Any]) -> Json:
    """Return a merge patch; nothing in it: nothing was given.

    Args:
        given: As of `draft`.

    Raises:
        Invalid: Names what was typed.
    """
    listener = _named(given, _OF_LISTENER)
    if (rate := given.get("rate_per_second")) is not None:
        listener["rate_per_second"] = None if rate == 0 else rate
    if given.get("secret_file") is not None:
        listener["secret"] = read_secret(given["secret_file"])
    if events := _events(given["events"]):
        listener["events"] = events
    filters = read_filters(given["filters"], given["filter_file"])
    if filters is not None:
        listener["filters"] = filters
    callback = _named(given, _OF_CALLBACK)
    if callback.get("mode") == "cast":
        callback.setdefault("on_timeout", None)  # it has no meaning any more
    if headers := _headers(given["headers"]):
        callback["headers"] = headers
    callback |= _batch(given)
    if given["auth_file"] is not None:
        callback["auth"] = read_auth(given["auth_file"]) if given["auth_file"] else None
    return listener | ({"callback": callback} if callback else {})


def _batch(given: Mapping[str, Any]) -> Json:
    """Return what a callback is told of batches, if it is."""
    most, wait = given.get("batch_events"), given.get("batch_wait_ms")
    if most == 0:
        return {"format": "standard", "batch": None}
    batch = {"max_events": most, "max_wait_ms": wait}
    said = {name: one for name, one in batch.items() if one is not None}
    return {"format": "cloudevents-batch", "batch": said} if said else {}


def _named(given: Mapping[str, Any], names: Iterable[str]) -> Json:
    members = {name: given.get(name) for name in names}
    return {
        name: None if value == "" else value
        for name, value in members.items()
        if value is not None
    }


def _events(typed: Iterable[str]) -> list[str]:
    return [name.strip() for one in typed for name in one.split(",") if name.strip()]


def _headers(lines: Iterable[str]) -> dict[str, str | None]:
    headers: dict[str, str | None] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Invalid("--header", "write it as 'NAME: VALUE'")
        headers[name.strip()] = value.strip() or None
    return headers

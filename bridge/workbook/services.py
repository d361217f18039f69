# SPDX-License-Identifier: Apache-2.0
"""Reads the services of a workbook: who is called, and what for.

What their members may hold is not looked at here: together they are a listener, and are
checked as one.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from bridge.errors import Invalid
from bridge.shape.faults import suggestion
from bridge.workbook.document import Action, Origin, Service

TYPES: Final = ("http", "amqp")
ENGINE: Final = "std"
"""Mistral's own namespace: ``std:goto``."""

MAX_NAME_CHARS: Final = 255
MAX_SERVICES: Final = 200
MAX_ACTIONS: Final = 200

# People's words to those of a listener.
_WORDS: Final = {
    "base_url": "baseUrl",
    "baseURL": "baseUrl",
    "baseurl": "baseUrl",
    "timeout": "timeout_seconds",
}
_KNOWN: Final = ("type", "parameters", "actions", "description")
_NAME: Final = re.compile(r"[A-Za-z_][\w-]{0,63}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def read_services(value: object) -> dict[str, Service]:
    """Return the services of a workbook.

    Raises:
        Invalid: Names the place and what would be right.
    """
    found = mapping(value, "services")
    if len(found) > MAX_SERVICES:
        raise Invalid("services", f"holds {len(found)}; at most {MAX_SERVICES}")
    return {name: read_service(name, one) for name, one in found.items()}


def read_service(name: str, value: object, origin: Origin = Origin.FILE) -> Service:
    """Return one service.

    Raises:
        Invalid: Names the place and what would be right.
    """
    path = f"services.{name}"
    _check_word(path, name)
    if name == ENGINE:
        raise Invalid(path, "is the engine's own; choose another name")
    members = mapping(value, path)
    for member in members:
        if member not in _KNOWN:
            hint = suggestion(member, _KNOWN) or "; parameters hold the rest"
            raise Invalid(f"{path}.{member}", f"unknown field{hint}")
    kind = members.get("type")
    if kind is None:
        raise Invalid(f"{path}.type", "is missing; HTTP or AMQP")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise Invalid(f"{path}.type", "must be HTTP or AMQP")
    actions = mapping(members.get("actions"), f"{path}.actions")
    if len(actions) > MAX_ACTIONS:
        raise Invalid(f"{path}.actions", f"holds {len(actions)}; at most {MAX_ACTIONS}")
    return Service(
        type=kind.lower(),
        parameters=in_our_words(members.get("parameters"), f"{path}.parameters"),
        actions={
            action: read_action(name, action, one, origin)
            for action, one in actions.items()
        },
        origin=origin,
    )


def read_action(
    service: str, name: str, value: object, origin: Origin = Origin.FILE
) -> Action:
    """Return one action; a path alone is its URL, and `parameters` may hold the rest.

    Raises:
        Invalid: Names the place and what would be right.
    """
    path = f"services.{service}.actions.{name}"
    _check_word(path, name)
    if isinstance(value, str):
        return Action({"url": value}, origin)
    members = in_our_words(value, path)
    # Mistral's first DSL wrote url and method one level deeper.
    deeper = in_our_words(members.pop("parameters", None), f"{path}.parameters")
    for member in members.keys() & deeper.keys():
        raise Invalid(f"{path}.{member}", "is there twice, in parameters too")
    whole = members | deeper
    whole.pop("description", None)
    if isinstance(whole.get("method"), str):
        whole["method"] = whole["method"].upper()
    return Action(whole, origin)


def mapping(value: object, path: str) -> dict[str, Any]:
    """Return an object's members; nothing stands for none.

    Raises:
        Invalid: It is something else, or a name in it is no text.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Invalid(path, "must hold names and values")
    for name in value:
        if not isinstance(name, str):
            raise Invalid(path, f"{name!r} is a name; put it in quotes")
    return dict(value)


def check_name(path: str, name: object) -> str:
    """Return the name of a workbook, a workflow or a task.

    Raises:
        Invalid: Names the place and what would be right.
    """
    if not isinstance(name, str):
        raise Invalid(path, "must be a text; put it in quotes")
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise Invalid(path, f"a name has 1 to {MAX_NAME_CHARS} characters")
    if _CONTROL.search(name):
        raise Invalid(path, "must hold no control characters")
    return name


def in_our_words(value: object, path: str) -> dict[str, Any]:
    """Return members under the names that a listener has for them.

    Raises:
        Invalid: The same thing is said twice.
    """
    whole: dict[str, Any] = {}
    for name, one in mapping(value, path).items():
        ours = _WORDS.get(name, name)
        if ours in whole:
            raise Invalid(f"{path}.{name}", f"is there twice, as {ours} too")
        whole[ours] = one
    return whole


def _check_word(path: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid(
            path,
            "the names of services and actions begin with a letter and hold letters, "
            "digits, _ and -; at most 64",
        )

# SPDX-License-Identifier: Apache-2.0
"""Reads a workbook: what it says of callbacks, and what it leaves to the engine.

Two forms are read. In this project's, as in Mistral's first DSL, services are called by
the ``on-…`` clauses of tasks and workflows::

    name: orders
    services:
      Logger:
        type: HTTP
        parameters: {baseUrl: https://logger.example}
        actions:
          success: {url: /success, method: POST}
    workflow:
      tasks:
        charge:
          on-success: [ship, Logger:success]

With ``version: '2.0'`` it is a Mistral v2 workbook, whose ``on-…`` clauses are the
engine's; then only ``services`` and ``listeners`` count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.errors import Invalid
from bridge.shape.faults import suggestion
from bridge.workbook.document import Document, Hook, Place
from bridge.workbook.hooks import LeftAlone, clauses, read_hook
from bridge.workbook.services import check_name, mapping, read_services
from bridge.workbook.variables import fill
from bridge.workbook.yaml_text import WHOLE

OURS: Final = ("name", "version", "services", "workflow", "workflows", "listeners")
_ENGINES: Final = ("actions", "description", "input", "namespaces", "tags", "triggers")
MAX_LISTENERS: Final = 1000

_MISTRAL: Final = ("2", "2.0")
_OWN: Final = ("1", "1.0")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a workbook.

    Attributes:
        left_alone: Entries of hooks that are the engine's business.
    """

    document: Document
    left_alone: tuple[LeftAlone, ...]


def read(
    value: object, given: Mapping[str, str], *, name: str | None = None
) -> Reading:
    """Return what a workbook says.

    Args:
        value: As YAML or JSON has it.
        given: What fills ``{$.Name}``.
        name: The workbook's; None: it says so itself.

    Raises:
        Invalid: Names the place and what would be right.
    """
    members = _members(value)
    is_mistral = _is_mistral(members)
    services = read_services(fill(members.get("services"), given, "services"))
    hooks: dict[Place, Hook] = {}
    left_alone: list[LeftAlone] = []
    for workflow, path, body in _workflows(members):
        for place, at, clause in clauses(workflow, path, body):
            if is_mistral:
                left_alone.append(LeftAlone(place, "all of it"))
                continue
            hook, others = read_hook(place, at, clause, services, given=given)
            left_alone += others
            if hook is not None:
                hooks[place] = hook
    document = Document(
        name=_name(members, name),
        services=services,
        hooks=hooks,
        listeners=_listeners(fill(members.get("listeners"), given, "listeners")),
    )
    return Reading(document, tuple(left_alone))


def check_workbook(name: object) -> str:
    """Return the name of a workbook.

    Raises:
        Invalid: It is none.
    """
    text = check_name("name", name)
    if "*" in text:
        raise Invalid("name", "must hold no *: this is one workbook")
    return text


def _members(value: object) -> dict[str, Any]:
    """Return the members by their names in lower case: Mistral's first DSL has capitals."""
    members: dict[str, Any] = {}
    for name, one in mapping(value, WHOLE).items():
        key = name.lower()
        if key not in OURS + _ENGINES and not key.startswith("x-"):
            hint = suggestion(key, OURS) or f"; known are {', '.join(OURS)}"
            raise Invalid(name, f"unknown field{hint}")
        if key in members:
            raise Invalid(name, "is there twice, with and without capitals")
        members[key] = one
    return members


def _is_mistral(members: Mapping[str, Any]) -> bool:
    version = str(members.get("version", _OWN[0]))
    if version not in _MISTRAL + _OWN:
        raise Invalid(
            "version", "must be '2.0', of a Mistral workbook, or '1.0', or left out"
        )
    return version in _MISTRAL


def _name(members: Mapping[str, Any], told: str | None) -> str:
    written = members.get("name")
    if written is None and told is None:
        raise Invalid("name", "is missing; it is the workbook's name in the events")
    if None not in (written, told) and written != told:
        raise Invalid("name", f"is not {told!r}, which was asked for")
    return check_workbook(told if written is None else written)


def _workflows(
    members: Mapping[str, Any],
) -> Iterator[tuple[str | None, str, Mapping[str, Any]]]:
    if members.get("workflow") is not None:
        yield None, "workflow", mapping(members["workflow"], "workflow")
    for name, body in mapping(members.get("workflows"), "workflows").items():
        path = f"workflows.{name}"
        yield check_name(path, name), path, mapping(body, path)


def _listeners(value: object) -> tuple[Mapping[str, Any], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Invalid("listeners", "must be a list")
    if len(value) > MAX_LISTENERS:
        raise Invalid("listeners", f"holds {len(value)}; at most {MAX_LISTENERS}")
    return tuple(mapping(one, f"listeners[{i}]") for i, one in enumerate(value))

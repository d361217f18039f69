# SPDX-License-Identifier: Apache-2.0
"""Reads the ``on-…`` clauses of a workbook: which entries call a service.

::

    on-exit: Logger:success
    on-exit: [ship, Logger:success, "std:goto(refund)"]
    on-exit:
      - Logger:success: $.execution.error = null
      - Logger:check: {when: $.execution.error != null, timeout_seconds: 5}

What names a task or a command of the engine is the engine's, and left alone.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from bridge.errors import Invalid
from bridge.shape.faults import suggestion
from bridge.workbook.document import MOMENTS, Entry, Hook, Origin, Place, Service
from bridge.workbook.services import ENGINE, check_name, in_our_words, mapping
from bridge.workbook.variables import fill

MAX_ENTRIES: Final = 100
NONE_GIVEN: Final[Mapping[str, str]] = MappingProxyType({})

_WRAPPED: Final = re.compile(r"\s*<%(.*)%>\s*", re.DOTALL)
_CALL: Final = re.compile(r"\s*([^\s:()]+)\s*:\s*([^\s:()]+)\s*")
_ENTRY_SETS_NOT: Final = ("type", "url", "events")


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """An entry of a clause that is the engine's business."""

    place: Place
    entry: str


def clauses(
    workflow: str | None, path: str, body: Mapping[str, Any]
) -> Iterator[tuple[Place, str, object]]:
    """Yield each ``on-…`` clause of a workflow and its tasks, with its path.

    Raises:
        Invalid: A name is none, or where names should be is something else.
    """
    for name, clause in body.items():
        if name.startswith("on-"):
            yield Place(workflow, None, name), f"{path}.{name}", clause
    for task, members in mapping(body.get("tasks"), f"{path}.tasks").items():
        at = f"{path}.tasks.{task}"
        check_name(at, task)
        for name, clause in mapping(members, at).items():
            if name.startswith("on-"):
                yield Place(workflow, task, name), f"{at}.{name}", clause


def read_hook(
    place: Place,
    path: str,
    clause: object,
    services: Mapping[str, Service],
    *,
    given: Mapping[str, str] = NONE_GIVEN,
    origin: Origin = Origin.FILE,
) -> tuple[Hook | None, list[LeftAlone]]:
    """Return what is called at a place, and what is left to the engine.

    Args:
        place: Where.
        path: Of the clause, for errors.
        clause: One entry, or a list of them.
        services: Those that there are.
        given: What fills ``{$.Name}`` in the members of an entry.
        origin: Of the hook.

    Raises:
        Invalid: Names the place and what would be right.
    """
    entries: list[Entry] = []
    left_alone: list[LeftAlone] = []
    for at, said, detail in _said(clause, path):
        service, colon, action = _parted(said)
        if not colon and service in services:
            raise Invalid(at, f"which action? write {service}:ACTION, without a blank")
        if not colon or (place.moment not in MOMENTS and service not in services):
            left_alone.append(LeftAlone(place, said))
            continue
        _check_moment(path, place.moment, said)
        _check_known(at, service, action, services)
        entries.append(Entry(service, action, *_detail(at, detail, given)))
    if len(entries) > MAX_ENTRIES:
        raise Invalid(path, f"calls {len(entries)}; at most {MAX_ENTRIES}")
    hook = Hook(tuple(entries), origin) if entries else None
    return hook, left_alone


def _said(clause: object, path: str) -> Iterator[tuple[str, str, object]]:
    """Yield path, text and what belongs to it, of each entry."""
    match clause:
        case None:
            return
        case str():
            yield path, clause, None
        case Mapping():
            for name, detail in mapping(clause, path).items():
                yield f"{path}.{name}", name, detail
        case list():
            for index, one in enumerate(clause):
                at = f"{path}[{index}]"
                if isinstance(one, list):
                    raise Invalid(at, "must be an entry, not a list")
                yield from _said(one, at)
        case _:
            raise Invalid(path, "must name a Service:action, or several in a list")


def _parted(said: str) -> tuple[str, str, str]:
    """Return service, colon and action; no colon in what is the engine's."""
    call = _CALL.fullmatch(said)
    if call is None or call[1] == ENGINE:
        return said.strip(), "", ""
    return call[1], ":", call[2]


def _check_moment(path: str, moment: str, said: str) -> None:
    if moment not in MOMENTS:
        near = difflib.get_close_matches(moment, MOMENTS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"take {', '.join(MOMENTS)}"
        raise Invalid(path, f"calls {said}, but callbacks have no {moment}; {hint}")


def _check_known(
    path: str, service: str, action: str, services: Mapping[str, Service]
) -> None:
    if service not in services:
        hint = suggestion(service, services) or _known(services)
        raise Invalid(path, f"there is no service {service}{hint}")
    actions = services[service].actions
    if action not in actions:
        hint = suggestion(action, actions) or _known(actions)
        raise Invalid(path, f"the service {service} has no action {action}{hint}")


def _known(names: Mapping[str, object]) -> str:
    return f"; known are {', '.join(sorted(names)[:10])}" if names else "; it has none"


def _detail(
    path: str, detail: object, given: Mapping[str, str]
) -> tuple[str | None, dict[str, Any]]:
    match detail:
        case None:
            return None, {}
        case str():
            return _condition(detail), {}
        case Mapping():
            members = in_our_words(fill(detail, given, path), path)
            for name in _ENTRY_SETS_NOT:
                if name in members:
                    raise Invalid(f"{path}.{name}", "belongs to the action")
            when = members.pop("when", None)
            if when is not None and not isinstance(when, str):
                raise Invalid(f"{path}.when", "must be a condition in YAQL")
            return None if when is None else _condition(when), members
        case _:
            raise Invalid(path, "must be a condition in YAQL, such as $.task != null")


def _condition(text: str) -> str:
    """Return a condition without the ``<% %>`` that Mistral writes around it."""
    wrapped = _WRAPPED.fullmatch(text)
    return text.strip() if wrapped is None else wrapped[1].strip()

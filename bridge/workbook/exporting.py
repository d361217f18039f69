# SPDX-License-Identifier: Apache-2.0
"""Writes down what is in force: as it is kept, and as it is shown.

It can be applied again, but for what is secret, which is shown as ``***``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from bridge.model.auth import SECRETS
from bridge.shape.merging import MASK, mask
from bridge.workbook.document import Document, Entry, Hook, Service
from bridge.workbook.places import line_at

MARK: Final = "# made by the API"

_Members = Callable[[Mapping[str, Any]], dict[str, Any]]


def written(document: Document) -> dict[str, Any]:
    """Return a workbook as `reading.read` takes it, secrets included."""
    return _written(document, dict)


def shown(document: Document) -> dict[str, Any]:
    """Return a workbook as people may read it."""
    return _written(document, _masked)


def shown_as_yaml(document: Document) -> str:
    """Return a workbook as people may read it, pieces made by the API marked."""
    text = yaml.safe_dump(shown(document), sort_keys=False, allow_unicode=True)
    paths = [path for _, path in document.made_by_api()]
    if not paths:
        return text
    # Not read as what others send is: it may be longer than they may write it.
    root = yaml.compose(text, yaml.SafeLoader)
    marked = set() if root is None else {line_at(root, path) for path in paths}
    told = []
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if number in marked:
            indent = line[: len(line) - len(line.lstrip())]
            told.append(f"{indent}{MARK}\n")
        told.append(line)
    return "".join(told)


def _written(document: Document, members_of: _Members) -> dict[str, Any]:
    whole: dict[str, Any] = {"name": document.name}
    if document.services:
        whole["services"] = {
            name: _service(one, members_of) for name, one in document.services.items()
        }
    for place, hook in document.hooks.items():
        at = whole.setdefault("workflow" if place.workflow is None else "workflows", {})
        if place.workflow is not None:
            at = at.setdefault(place.workflow, {})
        if place.task is not None:
            at = at.setdefault("tasks", {}).setdefault(place.task, {})
        at[place.moment] = _hook(hook, members_of)
    if document.listeners:
        whole["listeners"] = [members_of(one) for one in document.listeners]
    return whole


def _service(service: Service, members_of: _Members) -> dict[str, Any]:
    return {
        "type": service.type.upper(),
        "parameters": members_of(service.parameters),
        "actions": {n: members_of(one.members) for n, one in service.actions.items()},
    }


def _hook(hook: Hook, members_of: _Members) -> object:
    entries = [_entry(one, members_of) for one in hook.entries]
    return entries[0] if len(entries) == 1 else entries


def _entry(entry: Entry, members_of: _Members) -> object:
    if entry.members:
        when = {} if entry.when is None else {"when": entry.when}
        return {str(entry): when | members_of(entry.members)}
    return str(entry) if entry.when is None else {str(entry): entry.when}


def _masked(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shown(name, value) for name, value in members.items()}


def _shown(name: str, value: object) -> Any:  # noqa: ANN401 - JSON in, JSON out
    match name, value:
        case "headers", Mapping():
            return mask(value)
        case "auth", Mapping():
            return {n: MASK if n in SECRETS else one for n, one in value.items()}
        case "callback", Mapping():
            return _masked(value)
        case "secret", _:
            return None if value is None else MASK
        case _:
            return value

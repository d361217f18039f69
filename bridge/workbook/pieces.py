# SPDX-License-Identifier: Apache-2.0
"""A workbook with one piece put or taken away, or with its file applied once more.

Pieces that were made by the API stay when the file is applied, unless the file has one
at the same place: then that holds. What left the file is removed.
"""

from collections.abc import Mapping
from dataclasses import replace

from bridge.errors import Conflict, NotFound
from bridge.workbook.document import (
    Action,
    Document,
    Hook,
    Origin,
    Place,
    Service,
)


def with_file(known: Document, file: Document) -> Document:
    """Return the workbook as its file says, and what was made by the API."""
    services = dict(file.services)
    for name, service in known.services.items():
        actions = _made_by_api(service.actions)
        if name in services:
            kept = actions | dict(services[name].actions)
            services[name] = replace(services[name], actions=kept)
        elif service.origin is Origin.API or actions:
            services[name] = replace(service, actions=actions, origin=Origin.API)
    hooks = {
        place: hook for place, hook in known.hooks.items() if hook.origin is Origin.API
    }
    return replace(file, services=services, hooks=hooks | dict(file.hooks))


def with_service(known: Document, name: str, service: Service) -> Document:
    """Return the workbook with a service put in place, its actions with it."""
    return replace(known, services={**known.services, name: service})


def without_service(known: Document, name: str) -> Document:
    """Return the workbook without a service.

    Raises:
        NotFound: There is none.
        Conflict: A hook calls it.
    """
    if name not in known.services:
        raise NotFound("service", name)
    _refuse_called(known, name)
    left = {key: one for key, one in known.services.items() if key != name}
    return replace(known, services=left)


def with_action(known: Document, service: str, name: str, action: Action) -> Document:
    """Return the workbook with an action put in place.

    Raises:
        NotFound: There is no such service.
    """
    if service not in known.services:
        raise NotFound("service", service)
    old = known.services[service]
    new = replace(old, actions={**old.actions, name: action})
    return with_service(known, service, new)


def without_action(known: Document, service: str, name: str) -> Document:
    """Return the workbook without an action.

    Raises:
        NotFound: There is none.
        Conflict: A hook calls it.
    """
    if service not in known.services:
        raise NotFound("service", service)
    old = known.services[service]
    if name not in old.actions:
        raise NotFound("action", f"{service}:{name}")
    _refuse_called(known, service, name)
    left = {key: one for key, one in old.actions.items() if key != name}
    return with_service(known, service, replace(old, actions=left))


def with_hook(known: Document, place: Place, hook: Hook) -> Document:
    """Return the workbook with a hook put in place."""
    return replace(known, hooks={**known.hooks, place: hook})


def without_hook(known: Document, place: Place) -> Document:
    """Return the workbook without a hook.

    Raises:
        NotFound: There is none.
    """
    if place not in known.hooks:
        raise NotFound("hook", str(place))
    left = {key: one for key, one in known.hooks.items() if key != place}
    return replace(known, hooks=left)


def _made_by_api(actions: Mapping[str, Action]) -> dict[str, Action]:
    return {name: one for name, one in actions.items() if one.origin is Origin.API}


def _refuse_called(known: Document, service: str, action: str | None = None) -> None:
    places = known.places_calling(service, action)
    if places:
        called = service if action is None else f"{service}:{action}"
        told = ", ".join(map(str, places))
        raise Conflict(f"{called} is called by {told}; take that away first")

# SPDX-License-Identifier: Apache-2.0
"""What a workbook says of callbacks, as values: services, hooks, listeners.

::

    Document
    ├── services   Logger ─ type, parameters
    │                └── actions   success ─ url, method, …
    ├── hooks      tasks/charge/on-exit ─ Logger:success, $.execution.error = null
    └── listeners  each in the shape that POST /v1/listeners takes
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

MOMENTS: Final = ("on-enter", "on-exit", "on-success", "on-error")
"""When the entries of a hook are called; the events' own words for it follow."""

_EVENTS: Final = {
    "on-enter": "start",
    "on-exit": "complete",
    "on-success": "success",
    "on-error": "error",
}


class Origin(Enum):
    """Where a piece of a workbook comes from."""

    FILE = "file"
    API = "api"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a service can be asked to do.

    Attributes:
        members: As they are written; they go before the service's parameters.
    """

    members: Mapping[str, Any] = field(repr=False)
    origin: Origin = Origin.FILE


@dataclass(frozen=True, slots=True)
class Service:
    """Who is called.

    Attributes:
        type: ``http`` or ``amqp``.
        parameters: What all actions share: ``baseUrl``, and what a callback may hold.
    """

    type: str
    parameters: Mapping[str, Any] = field(repr=False)
    actions: Mapping[str, Action]
    origin: Origin = Origin.FILE


@dataclass(frozen=True, slots=True)
class Place:
    """What a hook hangs on.

    Attributes:
        workflow: None: every workflow of the workbook.
        task: None: the execution itself.
        moment: One of `MOMENTS`.
    """

    workflow: str | None
    task: str | None
    moment: str

    @property
    def event(self) -> str:
        """The name of the events that are meant, as a listener has it."""
        kind = "execution" if self.task is None else "task"
        return f"on-{kind}-{_EVENTS[self.moment]}"

    @property
    def path(self) -> str:
        """Where it stands in the workbook, as errors say it."""
        steps = ["workflow"] if self.workflow is None else ["workflows", self.workflow]
        if self.task is not None:
            steps += ["tasks", self.task]
        return ".".join([*steps, self.moment])

    def __str__(self) -> str:
        steps = [] if self.workflow is None else ["workflows", self.workflow]
        if self.task is not None:
            steps += ["tasks", self.task]
        elif self.workflow is None:
            steps = ["workflow"]
        return "/".join([*map(_escaped, steps), self.moment])


@dataclass(frozen=True, slots=True)
class Entry:
    """One call that a hook makes.

    Attributes:
        service: Its name.
        action: Its name.
        when: Condition in YAQL; None: always.
        members: Go before the action's, for this call alone.
    """

    service: str
    action: str
    when: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"{self.service}:{self.action}"


@dataclass(frozen=True, slots=True)
class Hook:
    """What is called at a place; never empty."""

    entries: tuple[Entry, ...]
    origin: Origin = Origin.FILE


@dataclass(frozen=True, slots=True)
class Document:
    """What one workbook says of callbacks.

    Attributes:
        name: The workbook's, as its events tell it.
        listeners: As they are written; they come from the file alone.
    """

    name: str
    services: Mapping[str, Service] = field(default_factory=dict)
    hooks: Mapping[Place, Hook] = field(default_factory=dict)
    listeners: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def made_by_api(self) -> Iterator[tuple[str, str]]:
        """Return key and path of all pieces that come from the API."""
        for name, service in self.services.items():
            if service.origin is Origin.API:
                yield f"services/{name}", f"services.{name}"
            for action, known in service.actions.items():
                if known.origin is Origin.API:
                    at = ("services", name, "actions", action)
                    yield "/".join(at), ".".join(at)
        for place, hook in self.hooks.items():
            if hook.origin is Origin.API:
                yield str(place), place.path

    def marked(self, made_by_api: Collection[str]) -> "Document":
        """Return it with the pieces of these keys marked as the API's."""

        def origin(key: str) -> Origin:
            return Origin.API if key in made_by_api else Origin.FILE

        services = {}
        for name, service in self.services.items():
            at = f"services/{name}"
            actions = {
                action: replace(one, origin=origin(f"{at}/actions/{action}"))
                for action, one in service.actions.items()
            }
            services[name] = replace(service, actions=actions, origin=origin(at))
        hooks = {
            place: replace(hook, origin=origin(str(place)))
            for place, hook in self.hooks.items()
        }
        return replace(self, services=services, hooks=hooks)

    def places_calling(self, service: str, action: str | None = None) -> list[Place]:
        """Return the places whose hooks call a service, or one of its actions."""
        return [
            place
            for place, hook in self.hooks.items()
            if any(
                one.service == service and action in (None, one.action)
                for one in hook.entries
            )
        ]


def _escaped(step: str) -> str:
    return step.replace("%", "%25").replace("/", "%2F")

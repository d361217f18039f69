# SPDX-License-Identifier: Apache-2.0
"""An index of listeners: finds those that an event concerns without asking the others.

Each listener stands under its project and each kind of event type that it takes, there
under its most telling exact wish (execution, task, workflow, workbook, or none). A
look-up asks a handful of places, however many listeners there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bridge.conditions.filters import Test, compile_filters
from bridge.model import Listener, ListenerId
from notifier.event import Event
from notifier.event_types import expand, matches
from notifier.wire.attributes import attributes_of

_Place = tuple[str, str]
"""Project, and type or pattern of types."""

_Wish = tuple[str, str]
"""Name of the wish, and its value."""

_Routes = dict[ListenerId, "Route"]

_ANY: Final = "*"
_NO_WISH: Final[_Wish] = ("", "")
_MAX_LISTS: Final = 1024


@dataclass(frozen=True, slots=True)
class Route:
    """A listener, prepared for being asked often; `types` are patterns too."""

    listener: Listener
    types: Mapping[str, None]
    workbook: Callable[[str | None], bool]
    workflow: Callable[[str | None], bool]
    task: Callable[[str | None], bool]
    filters: Test | None

    @classmethod
    def to(cls, listener: Listener) -> "Route":
        """Prepare a listener."""
        return cls(
            listener=listener,
            types=_patterns(listener.events),
            workbook=_wish(listener.workbook),
            workflow=_wish(listener.workflow),
            task=_wish(listener.task),
            filters=compile_filters(listener.filters) if listener.filters else None,
        )

    def accepts(self, event: Event) -> bool:
        """Tell whether the event is one that the listener asked for.

        Its condition is not looked at.
        """
        listener = self.listener
        return (
            listener.project == event.project
            and self.takes(event.type)
            and self.workbook(event.workbook)
            and self.workflow(event.workflow)
            and (self.task(event.task_name) or self.task(event.task_id))
            and (
                listener.execution_id is None
                or listener.execution_id in event.execution_ids
            )
            and (self.filters is None or self.filters(attributes_of(event)))
        )

    def takes(self, event_type: str) -> bool:
        """Tell whether it asked for events of this type."""
        if event_type in self.types or _all_of_kind(event_type) in self.types:
            return True
        return any(_ANY in one and matches(one, event_type) for one in self.types)

    def places(self) -> set[_Place]:
        """Return where the index keeps it, under its `telling_wish`."""
        return {(self.listener.project, _group(one)) for one in self.types}

    def telling_wish(self) -> _Wish:
        """Return the wish that tells most listeners apart."""
        listener = self.listener
        wishes = (
            ("execution", listener.execution_id),
            ("task", listener.task),
            ("workflow", listener.workflow),
            ("workbook", listener.workbook),
        )
        for name, value in wishes:
            if value is not None and (_ANY not in value or name == "execution"):
                return name, value
        return _NO_WISH


class Index:
    """Routes by what they ask for; not safe to share between threads."""

    def __init__(self) -> None:
        self._routes: _Routes = {}
        self._places: dict[_Place, dict[_Wish, _Routes]] = {}
        self._ordered: set[ListenerId] = set()

    @property
    def has_ordered(self) -> bool:
        """Whether one of them is to be told in order."""
        return bool(self._ordered)

    def __len__(self) -> int:
        return len(self._routes)

    def get(self, listener_id: ListenerId) -> Listener | None:
        """Return the listener of this id, if it is known."""
        route = self._routes.get(listener_id)
        return None if route is None else route.listener

    def put(self, listener: Listener) -> None:
        """Add a listener, in place of what it was before.

        One that is starting is known, but hears of nothing: a replay tells it.
        """
        self.remove(listener.id)
        route = Route.to(listener)
        self._routes[listener.id] = route
        if listener.ordered:
            self._ordered.add(listener.id)
        if listener.starting:
            return
        wish = route.telling_wish()
        for place in route.places():
            self._places.setdefault(place, {}).setdefault(wish, {})[listener.id] = route

    def remove(self, listener_id: ListenerId) -> None:
        """Forget a listener, known or not."""
        route = self._routes.pop(listener_id, None)
        if route is None:
            return
        self._ordered.discard(listener_id)
        if route.listener.starting:
            return
        wish = route.telling_wish()
        for place in route.places():
            here = self._places[place]
            del here[wish][listener_id]
            if not here[wish]:
                del here[wish]
            if not here:
                del self._places[place]

    def match(self, event: Event) -> list[Listener]:
        """Return the listeners that the event concerns, conditions not looked at."""
        project, places = event.project, []
        for types in (event.type, f"{event.kind}.*", _ANY):
            here = self._places.get((project, types))
            if here is not None:
                places.append(here)
        found: _Routes = {}
        for wish in _wishes_of(event) if places else ():
            for here in places:
                if wish in here:
                    found.update(here[wish])
        return [route.listener for route in found.values() if route.accepts(event)]


def _wishes_of(event: Event) -> list[_Wish]:
    wishes = [("execution", one) for one in event.execution_ids]
    for name, value in (
        ("task", event.task_id),
        ("task", event.task_name),
        ("workflow", event.workflow),
        ("workbook", event.workbook),
    ):
        if value is not None:
            wishes.append((name, value))
    wishes.append(_NO_WISH)
    return wishes


@lru_cache(_MAX_LISTS)
def _patterns(events: tuple[str, ...]) -> Mapping[str, None]:
    """Return what a listener's ``events`` stand for; most listeners ask for the same."""
    return dict.fromkeys(one for name in events for one in expand(name))


def _all_of_kind(event_type: str) -> str:
    """Return the pattern of all types of its kind; most listeners ask for that."""
    return event_type.partition(".")[0] + ".*"


def _group(pattern: str) -> str:
    """Return the one of an event's three type words that leads to a pattern."""
    if _ANY not in pattern:
        return pattern
    kind = pattern.partition(".")[0]
    return f"{kind}.*" if kind in ("execution", "task", "listener") else _ANY


def _wish(pattern: str | None) -> Callable[[str | None], bool]:
    if pattern is None:
        return lambda _: True
    if _ANY not in pattern:
        return lambda value: value == pattern
    return lambda value: value is not None and matches(pattern, value)

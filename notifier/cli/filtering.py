# SPDX-License-Identifier: Apache-2.0
"""Which of the events that come are shown; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from notifier.event import Event
from notifier.event_types import expand, matches


@dataclass(frozen=True, slots=True)
class Filter:
    """What an event must have; what is None is not looked at.

    Attributes:
        types: Patterns; one of them must accept its type. Empty: any type.
        execution: Id of its execution, its parent or its root.
        task: Name, or id, of its task; like the other names it may hold ``*``.
        errors_only: It must tell an error.
    """

    types: tuple[str, ...] = ()
    project: str | None = None
    workbook: str | None = None
    workflow: str | None = None
    execution: str | None = None
    task: str | None = None
    errors_only: bool = False

    @classmethod
    def of(
        cls, events: Sequence[str], *, errors_only: bool, **names: str | None
    ) -> Self:
        """Return the filter for what people write.

        Args:
            events: As in a listener: types, groups, aliases, patterns.
            errors_only: See there.
            **names: The other members.

        Raises:
            InvalidEvent: An entry of `events` is known to nobody.
        """
        types = tuple(one for name in events for one in expand(name))
        return cls(types, errors_only=errors_only, **names)

    @property
    def takes_all(self) -> bool:
        """Whether nothing is asked for."""
        return self == Filter()

    def accepts(self, event: Event) -> bool:
        """Tell whether an event is to be shown."""
        return (
            (not self.types or any(matches(one, event.type) for one in self.types))
            and _fits(self.project, event.project)
            and _fits(self.workbook, event.workbook)
            and _fits(self.workflow, event.workflow)
            and (self.execution is None or self.execution in event.execution_ids)
            and (_fits(self.task, event.task_name) or _fits(self.task, event.task_id))
            and (not self.errors_only or bool(_error(event)))
        )


def _fits(wanted: str | None, found: str | None) -> bool:
    return wanted is None or (found is not None and matches(wanted, found))


def _error(event: Event) -> object:
    return event.data[event.kind].get("error")

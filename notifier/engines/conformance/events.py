# SPDX-License-Identifier: Apache-2.0
"""What has to hold for every single event, and for the events of one execution."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from notifier.engines.conformance.bench import ENDINGS, Told, what
from notifier.engines.conformance.verdict import NonConformance, expect
from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.wire import from_cloudevent, routing_key, to_cloudevent

# Where null is an answer: known to be none.
_MAY_BE_NONE: Final = frozenset({"error", "result", "payload", "parent_id"})
_NAMES: Final = ("engine", "project", "workbook", "workflow")
_AGAIN: Final = frozenset({"started", "resumed", "rerun", "retrying"})
"""The words after which a task goes on though it had ended."""


def expect_valid(event: Event) -> None:
    """Expect that an event survives the wire and says whose it is.

    Raises:
        NonConformance: It does not.
    """
    try:
        routing_key(event)
        same = from_cloudevent(to_cloudevent(event))
    except InvalidEvent as err:
        raise NonConformance(f"{event.type} of {event.subject}: {err}") from err
    expect(same == event, f"{event.type} of {event.subject} changes on its way")
    expect(event.engine, f"{event.type} does not name its engine")


def expect_known_or_absent(event: Event) -> None:
    """Expect that a member is there with a value, or not there.

    Raises:
        NonConformance: One is null, or empty, or says so in words.
    """
    of_names = {name: event.data[name] for name in _NAMES if name in event.data}
    members: Sequence[tuple[str, Mapping[str, Any]]] = (
        ("data", of_names),
        ("data.execution", event.data["execution"]),
        ("data.task", event.data.get("task", {})),
    )
    for path, values in members:
        for name, value in values.items():
            if value is None and name in _MAY_BE_NONE:
                continue
            is_word = isinstance(value, str) and name != "result"
            is_nothing = value is None or (is_word and value in ("", "None", "null"))
            expect(not is_nothing, f"{event.type}: {path}.{name} is {value!r}")
    result = event.data.get("task", {}).get("result", ...)
    expect(
        result is ... or what(event) != "started",
        f"{event.type}: data.task.result is there before it is known",
    )


def expect_order(told: Told) -> None:
    """Expect that each start comes first, and each end last.

    Raises:
        NonConformance: They do not.
    """
    words = [what(event) for event in told.execution]
    if "started" in words:
        expect(told.events[0].type == "execution.started", _but(told))
    if ENDINGS & set(words):
        expect(told.events[-1].kind == "execution", _but(told))
    for events in told.tasks.values():
        _expect_order_of_task(told, events)
    numbers = [
        e.attributes["sequence"] for e in told.events if "sequence" in e.attributes
    ]
    expect(numbers == sorted(set(numbers)), f"sequence does not grow: {numbers}")


def _expect_order_of_task(told: Told, events: Sequence[Event]) -> None:
    words = [what(event) for event in events]
    if "started" in words:
        expect(words[0] == "started", _but(told))
    for place, word in enumerate(words[:-1]):
        if word == "succeeded":
            expect(set(words[place + 1 :]) & _AGAIN, _but(told))
    times = [event.time for event in events]
    expect(times == sorted(times), f"times of {events[0].subject} go back")


def _but(told: Told) -> str:
    return f"of {told.work.name} was told in this order: {told.story}"

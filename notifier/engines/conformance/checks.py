# SPDX-License-Identifier: Apache-2.0
"""What has to hold for every adapter, one function for each promise.

A check's name is the promise; it raises `NonConformance` if that is broken.
"""

from collections.abc import Callable
from typing import Final

from notifier.engines.conformance import trouble
from notifier.engines.conformance.bench import Bench, Told, what
from notifier.engines.conformance.events import (
    expect_known_or_absent,
    expect_order,
    expect_valid,
)
from notifier.engines.conformance.verdict import NonConformance, expect
from notifier.engines.conformance.work import (
    FAILS,
    HUGE_ERROR,
    HUGE_RESULT,
    MARK,
    ODD_ERROR,
    ODD_RESULT,
    PARALLEL,
    PROJECT,
    RETRIED,
    SECRET,
    SUCCEEDS,
    WORKBOOK,
    WORKS,
    Work,
)
from notifier.event import Event
from notifier.wire import encode_body

Check = Callable[[Bench], None]

MAX_TOLD_BYTES: Final = 64 * 1024
"""What an event of a huge error or result may take."""


def a_success_is_told(bench: Bench) -> None:
    """A task that succeeds is told as started and succeeded, without an error."""
    told = _ended_as_it_should(bench, SUCCEEDS)
    (events,) = _tasks(told, 1)
    expect([what(e) for e in events] == ["started", "succeeded"], _but(told))
    for event in told.events:
        for kind in ("execution", "task"):
            error = event.data.get(kind, {}).get("error")
            expect(error is None, f"{event.type} of a success tells an error: {error}")
    _expect_execution(told, "succeeded")


def a_failure_says_why(bench: Bench) -> None:
    """A task that fails is told with the error's text; so is its execution."""
    told = _ended_as_it_should(bench, FAILS)
    _expect_error(told)
    words = [what(event) for event in told.events if event.kind == "task"]
    expect("succeeded" not in words, f"a task that failed is told so: {told.story}")
    _expect_execution(told, "failed")
    for event in told.execution[-1:]:
        error = event.data["execution"].get("error", MARK)
        expect(MARK in str(error), f"{event.type} tells another error: {error!r}")


def a_retry_is_told(bench: Bench) -> None:
    """Each attempt is told, and why the first one failed."""
    told = _ended_as_it_should(bench, RETRIED)
    events = max(told.tasks.values(), key=len, default=[])
    words = [what(event) for event in events]
    expect(words.count("started") == RETRIED.attempts, f"not each start: {told.story}")
    expect(words[-1:] == ["succeeded"], f"not its success at last: {told.story}")
    _expect_error(told, "failed", "retrying")


def tasks_side_by_side_are_each_told(bench: Bench) -> None:
    """Tasks that run at once are told apart, in one execution."""
    told = _ended_as_it_should(bench, PARALLEL)
    tasks = _tasks(told, PARALLEL.tasks)
    for events in tasks:
        expect([what(e) for e in events] == ["started", "succeeded"], _but(told))


def every_event_is_valid(bench: Bench) -> None:
    """Every event survives the wire, and names engine, source and execution."""
    for event in _all(bench):
        expect_valid(event)


def ids_are_unique(bench: Bench) -> None:
    """No two events share source and id; a copy would be dropped by the bridge."""
    seen: dict[tuple[str, str], Event] = {}
    _all(bench)
    for event in bench.all_events():
        first = seen.setdefault((event.source, event.id), event)
        expect(first is event, f"{event.id} is both {first.type} and {event.type}")


def events_arrive_in_order(bench: Bench) -> None:
    """An execution's, and a task's, start comes first and its end last."""
    for work in WORKS:
        expect_order(bench.told(work))


def what_is_unknown_is_absent(bench: Bench) -> None:
    """What the engine does not know is left out, and is neither null nor empty."""
    for event in _all(bench):
        expect_known_or_absent(event)


def project_and_workbook_pass_through(bench: Bench) -> None:
    """Every event has the project and the workbook that the adapter was told."""
    for event in _all(bench):
        found = event.project, event.workbook
        expect(found == (PROJECT, WORKBOOK), f"{event.type} is of {found}")


def nothing_secret_is_told(bench: Bench) -> None:
    """Neither arguments of tasks nor passwords in URLs are told."""
    for event in _all(bench):
        body = encode_body(event).decode()
        expect(SECRET not in body, f"{event.type} of {event.subject} tells a secret")


def odd_texts_cost_no_event(bench: Bench) -> None:
    """An error's text that is no UTF-8 is told as far as it can be."""
    _expect_error(_ended_as_it_should(bench, ODD_ERROR))


def odd_results_cost_no_event(bench: Bench) -> None:
    """A result that JSON cannot hold costs at most itself."""
    _tasks(_ended_as_it_should(bench, ODD_RESULT), 1)


def huge_texts_and_results_cost_no_event(bench: Bench) -> None:
    """An error or result of megabytes is told in part, or left out."""
    _expect_error(_ended_as_it_should(bench, HUGE_ERROR))
    _tasks(_ended_as_it_should(bench, HUGE_RESULT), 1)
    for work in (HUGE_ERROR, HUGE_RESULT):
        for event in bench.told(work).events:
            size = len(encode_body(event))
            expect(size <= MAX_TOLD_BYTES, f"{event.type} takes {size} bytes")


CHECKS: Final[tuple[Check, ...]] = (
    a_success_is_told,
    a_failure_says_why,
    a_retry_is_told,
    tasks_side_by_side_are_each_told,
    every_event_is_valid,
    ids_are_unique,
    events_arrive_in_order,
    what_is_unknown_is_absent,
    project_and_workbook_pass_through,
    nothing_secret_is_told,
    odd_texts_cost_no_event,
    odd_results_cost_no_event,
    huge_texts_and_results_cost_no_event,
    trouble.a_bus_that_is_away_breaks_nothing,
    trouble.a_slow_bus_breaks_nothing,
)


def verify(bench: Bench) -> None:
    """Run every check.

    Raises:
        NonConformance: Names each promise that is broken, and how.
    """
    broken = []
    for check in CHECKS:
        try:
            check(bench)
        except NonConformance as err:
            broken.append(f"{check.__name__}: {err}")
    expect(not broken, "\n".join(broken))


def _ended_as_it_should(bench: Bench, work: Work) -> Told:
    told = bench.told(work)
    expect(told.events, f"nothing was told of execution {told.ran.execution}")
    expect(
        told.ran.succeeded == work.ends_well,
        f"the engine itself says that {work.name} "
        f"{'succeeded' if told.ran.succeeded else 'failed'}",
    )
    return told


def _tasks(told: Told, count: int) -> list[list[Event]]:
    """Return the tasks that succeeded, with their events."""
    tasks = [
        events
        for events in told.tasks.values()
        if "succeeded" in [what(event) for event in events]
    ]
    expect(
        len(tasks) == count, f"{len(tasks)} tasks of {count} succeeded: {told.story}"
    )
    return tasks


def _expect_error(told: Told, *words: str) -> None:
    for event in told.events:
        if event.kind == "task" and what(event) in (words or ("failed",)):
            error = event.data["task"].get("error")
            if isinstance(error, str) and MARK in error:
                return
    raise NonConformance(f"no event of a task tells its error: {told.story}")


def _expect_execution(told: Told, word: str) -> None:
    words = [what(event) for event in told.execution]
    expect(words in ([], ["started", word]), _but(told))


def _all(bench: Bench) -> list[Event]:
    return [event for work in WORKS for event in bench.told(work).events]


def _but(told: Told) -> str:
    return f"of {told.work.name} was told: {told.story}"

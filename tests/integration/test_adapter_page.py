# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/write-an-adapter.md tells the truth, and its checks can fail."""

from dataclasses import replace
from datetime import timedelta

import pytest

from notifier.engines.conformance import (
    CHECKS,
    PROJECT,
    SECRET,
    TIMEOUT,
    Bench,
    HttpBus,
    NonConformance,
    trouble,
    verify,
)
from notifier.errors import Unreachable
from notifier.notifier import Notifier
from notifier.publishers.http import HttpPublisher
from notifier.publishers.memory import MemoryPublisher
from tests.pages import Page

PAGE = Page("docs/how-to/write-an-adapter.md")
MAX_LINES = 60
BRIEF = timedelta(seconds=0.2)


def executed(*infos):
    """Return what the blocks of the page define, but for the trial's last lines."""
    names = {}
    for info in infos:
        definitions = PAGE.block(f"python {info}").partition("\nwith ")[0]
        exec(definitions, names)  # noqa: S102 - our own page
    return names


@pytest.fixture(scope="module")
def page():
    return executed("adapter", "trial")


@pytest.fixture(scope="module")
def bus():
    with HttpBus() as bus:
        yield bus


@pytest.fixture
def own_bus():
    """For an adapter that is broken: its events must be nobody else's."""
    with HttpBus() as bus:
        yield bus


@pytest.fixture(scope="module")
def bench(page, bus):
    with bus.notifier() as notifier:
        yield Bench(page["Trial"](notifier), bus)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_pages_adapter_conforms(check, bench):
    check(bench)


def test_the_pages_adapter_is_short():
    assert len(PAGE.block("python adapter").splitlines()) < MAX_LINES


def test_the_page_runs_as_it_is(page, monkeypatch, events, notifier):
    monkeypatch.setattr("notifier.connection.connect", lambda **_: notifier)

    exec(PAGE.block("python use"), page)  # noqa: S102 - our own page

    assert events[0].type == "execution.started"
    assert sorted(e.type for e in events[1:-1]) == sorted(
        2 * ["task.started", "task.succeeded"]
    )
    assert events[-1].type == "execution.succeeded"
    assert {e.workbook for e in events} == {"orders"}


def test_the_page_lists_every_promise():
    rows = PAGE.table("promise", "what is tried")

    assert [name for name, _ in rows] == [check.__name__ for check in CHECKS]


class Spoils:
    """A `Publisher` that changes or drops what it brings to the bus."""

    def __init__(self, url, spoil):
        self._publisher = HttpPublisher(url)
        self._spoil = spoil

    def publish(self, events, *, timeout):
        spoiled = [self._spoil(event) for event in events]
        kept = [event for event in spoiled if event is not None]
        self._publisher.publish(kept, timeout=timeout)

    def close(self):
        self._publisher.close()


class GivesUp(Spoils):
    """... and never tries again once the bus was away."""

    has_failed = False

    def publish(self, events, *, timeout):
        if self.has_failed:
            raise Unreachable("given up")
        try:
            super().publish(events, timeout=timeout)
        except Unreachable:
            self.has_failed = True
            raise


def without(event_type, workflow=None):
    def spoil(event):
        is_it = event.type == event_type and workflow in (None, event.workflow)
        return None if is_it else event

    return spoil


def with_data(**members):
    return lambda event: replace(event, data={**event.data, **members})


def with_task(**members):
    def spoil(event):
        task = event.data.get("task")
        return event if task is None else with_data(task={**task, **members})(event)

    return spoil


def earlier(event):
    if event.type != "task.succeeded":
        return event
    return replace(event, time=event.time - timedelta(hours=1))


def dropped(name):
    return lambda event: replace(
        event, data={k: v for k, v in event.data.items() if k != name}
    )


FAULTS = [
    ("a_success_is_told", without("task.started")),
    ("a_success_is_told", without("execution.succeeded")),
    ("a_failure_says_why", with_task(error=None)),
    ("a_retry_is_told", without("task.retrying")),
    ("tasks_side_by_side_are_each_told", with_task(name="step")),
    ("every_event_is_valid", dropped("engine")),
    ("ids_are_unique", lambda event: replace(event, id="1")),
    ("events_arrive_in_order", earlier),
    ("what_is_unknown_is_absent", with_data(workflow=None)),
    ("what_is_unknown_is_absent", with_task(state="")),
    ("project_and_workbook_pass_through", dropped("project")),
    ("nothing_secret_is_told", with_data(payload=[SECRET])),
    ("odd_texts_cost_no_event", without("task.failed", "odd-error")),
    ("odd_results_cost_no_event", without("task.succeeded", "odd-result")),
    ("huge_texts_and_results_cost_no_event", with_data(payload="x" * 100_000)),
]


@pytest.mark.parametrize(("name", "spoil"), FAULTS)
def test_a_check_finds_the_fault_that_it_is_for(page, own_bus, name, spoil):
    (check,) = (one for one in CHECKS if one.__name__ == name)
    publisher = Spoils(own_bus.url, spoil)
    with Notifier(publisher, project=PROJECT, timeout=TIMEOUT) as notifier:
        bench = Bench(page["Trial"](notifier), own_bus, patience=BRIEF)

        with pytest.raises(NonConformance):
            check(bench)


def test_an_adapter_that_gives_up_when_the_bus_is_away_is_found(page, own_bus):
    publisher = GivesUp(own_bus.url, lambda event: event)
    with Notifier(publisher, project=PROJECT, timeout=BRIEF) as notifier:
        bench = Bench(page["Trial"](notifier), own_bus, patience=BRIEF)

        with pytest.raises(NonConformance, match="still not all is told"):
            trouble.a_bus_that_is_away_breaks_nothing(bench)


def test_an_adapter_that_lets_errors_through_to_its_engine_is_found(page, own_bus):
    publisher = HttpPublisher(own_bus.url)
    with Notifier(
        publisher, project=PROJECT, timeout=BRIEF, on_error="raise"
    ) as notifier:
        bench = Bench(page["Trial"](notifier), own_bus, patience=BRIEF)

        with pytest.raises(NonConformance, match="broke the engine"):
            trouble.a_bus_that_is_away_breaks_nothing(bench)


def test_an_adapter_that_holds_its_engine_up_is_found(page, own_bus):
    publisher = HttpPublisher(own_bus.url)
    with Notifier(publisher, project=PROJECT, timeout=TIMEOUT) as notifier:
        bench = Bench(
            page["Trial"](notifier), own_bus, timeout=timedelta(), patience=BRIEF
        )

        with pytest.raises(NonConformance, match="at most are allowed"):
            trouble.a_slow_bus_breaks_nothing(bench)


def test_all_broken_promises_are_told_at_once(page, own_bus):
    with Notifier(MemoryPublisher(), timeout=BRIEF) as notifier:
        bench = Bench(page["Trial"](notifier), own_bus, patience=timedelta())

        with pytest.raises(NonConformance) as caught:
            verify(bench)

    broken = {line.partition(":")[0] for line in str(caught.value).splitlines()}
    assert {"a_success_is_told", "a_failure_says_why", "a_retry_is_told"} <= broken

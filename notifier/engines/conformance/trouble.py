# SPDX-License-Identifier: Apache-2.0
"""What has to hold while the bus takes nothing: the engine works on, in bounded time."""

from datetime import timedelta
from typing import Final

from notifier.engines.conformance.bench import Bench, Told, what
from notifier.engines.conformance.bus import State
from notifier.engines.conformance.verdict import expect
from notifier.engines.conformance.work import FAILS, SUCCEEDS, Work

SLACK: Final = timedelta(seconds=2)
"""What a busy machine may add."""

_TRIES: Final = 5
"""Executions until all is told again; a publisher may rest after its failures."""

_PATIENCE: Final = timedelta(seconds=5)


def a_bus_that_is_away_breaks_nothing(bench: Bench) -> None:
    """Work ends as ever while no event is taken, and what comes after is told."""
    _expect_little_harm(bench, State.AWAY, FAILS)


def a_slow_bus_breaks_nothing(bench: Bench) -> None:
    """Work ends as ever while nobody answers, and what comes after is told."""
    _expect_little_harm(bench, State.SLOW, SUCCEEDS)


def _expect_little_harm(bench: Bench, state: State, work: Work) -> None:
    usual, success = bench.told(work), bench.told(SUCCEEDS)
    with bench.while_the_bus_is(state):
        ran, took = bench.run(work)
    expect(
        ran.succeeded == usual.ran.succeeded,
        f"{work.name} ended otherwise while the bus was {state.value}",
    )
    # An adapter may wait for each event, and no longer than its notifier.
    limit = usual.took + len(usual.events) * bench.timeout + SLACK
    expect(took <= limit, f"{work.name} took {took}, {limit} at most are allowed")
    again = any(
        _words(bench.tell_anew(SUCCEEDS, patience=_PATIENCE)) == _words(success)
        for _ in range(_TRIES)
    )
    expect(again, "the bus is back, and still not all is told")


def _words(told: Told) -> list[tuple[str, str]]:
    return sorted((event.kind, what(event)) for event in told.events)

# SPDX-License-Identifier: Apache-2.0
"""What becomes of a row that the bus refused."""

from datetime import UTC, datetime, timedelta

import pytest

from notifier.errors import Conflict, InvalidEvent, PublishError, Refused, Unroutable
from notifier.relay.fate import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    Fate,
    decide,
)

NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
REFUSED = [Unroutable("no queue"), Refused("nack"), PublishError("both")]


def names(fault):
    return type(fault).__name__


@pytest.mark.parametrize("fault", REFUSED, ids=names)
def test_what_may_be_taken_later_rests(fault):
    fate = decide(fault, 0, counts=True, now=NOW)

    reason = f"{type(fault).__name__}: {fault}"
    assert fate == Fate(attempts=1, due_at=NOW + FIRST_PAUSE, reason=reason)


def test_the_pause_doubles_up_to_its_limit():
    fates = [
        decide(REFUSED[0], attempts, counts=True, now=NOW)
        for attempts in range(MAX_ATTEMPTS - 1)
    ]

    pauses = [fate.due_at - NOW for fate in fates]
    assert pauses[:4] == [FIRST_PAUSE * n for n in (1, 2, 4, 8)]
    assert pauses[-1] == LONGEST_PAUSE
    assert timedelta(minutes=15) < sum(pauses, timedelta()) < timedelta(minutes=30)


@pytest.mark.parametrize("fault", REFUSED, ids=names)
def test_after_so_many_attempts_it_is_set_aside(fault):
    fate = decide(fault, MAX_ATTEMPTS - 1, counts=True, now=NOW)

    assert (fate.attempts, fate.due_at) == (MAX_ATTEMPTS, None)


@pytest.mark.parametrize("attempts", [0, 5, MAX_ATTEMPTS - 1])
def test_a_bus_that_takes_nothing_sets_nothing_aside(attempts):
    fate = decide(REFUSED[0], attempts, counts=False, now=NOW)

    assert fate.attempts == attempts
    assert NOW < fate.due_at <= NOW + LONGEST_PAUSE


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize(
    "fault", [InvalidEvent("data", "is wrong"), Conflict("another body")], ids=names
)
def test_what_can_never_be_published_is_set_aside_at_once(fault, counts):
    fate = decide(fault, 0, counts=counts, now=NOW)

    assert fate.due_at is None
    assert str(fault) in fate.reason

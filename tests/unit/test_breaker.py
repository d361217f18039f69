# SPDX-License-Identifier: Apache-2.0
"""The breaker: when an endpoint is left alone, and how it is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery.breaker import (
    FIRST_REST,
    LONGEST_REST,
    TOLERATED,
    Breaker,
)
from bridge.delivery.sign import Sign, rest_of, sign_of
from bridge.model import Outcome, OutcomeKind
from bridge.model.lane_state import BreakerState

NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def after(breaker, *signs, now=NOW):
    for sign in signs:
        breaker = breaker.after(sign, now, reason="cannot connect")
    return breaker


def opened():
    return after(Breaker(), *[Sign.ILL] * TOLERATED)


def test_five_failures_in_a_row_open_it():
    four = after(Breaker(), *[Sign.ILL, Sign.CROWDED] * 2)

    assert four.is_closed
    five = after(four, Sign.ILL)
    assert (five.state, five.since) == (BreakerState.OPEN, NOW)
    assert five.reason == "cannot connect"


def test_a_success_between_them_keeps_it_closed():
    mixed = after(Breaker(), *([Sign.ILL] * 4 + [Sign.WELL]) * 3)

    assert mixed == Breaker()


def test_what_was_not_heard_counts_for_nothing():
    assert after(Breaker(), *[Sign.NONE] * 20) == Breaker()


def test_it_rests_before_the_probe():
    breaker = opened()

    assert not breaker.may_probe(NOW)
    assert breaker.may_probe(NOW + FIRST_REST)
    assert not breaker.probing(NOW + FIRST_REST).may_probe(NOW + LONGEST_REST)


def test_the_probe_closes_it():
    probing = opened().probing(NOW + SECOND)

    closed = probing.after(Sign.WELL, NOW + 2 * SECOND, is_probe=True)

    assert closed == Breaker(since=NOW + 2 * SECOND)


def test_each_probe_that_fails_doubles_the_rest_up_to_a_minute():
    breaker, now, rests = opened(), NOW, []
    for _ in range(9):
        rests.append((breaker.until - now).total_seconds())
        now = breaker.until
        probing = breaker.probing(now)
        breaker = probing.after(Sign.ILL, now, reason="again", is_probe=True)

    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_probe_that_was_lost_is_begun_again_at_once():
    probing = opened().probing(NOW + SECOND)

    lost = probing.after(Sign.NONE, NOW + SECOND, is_probe=True)

    assert lost.may_probe(NOW + SECOND)


@pytest.mark.parametrize("sign", list(Sign), ids=[one.value for one in Sign])
def test_what_began_before_it_opened_changes_nothing(sign):
    for breaker in (opened(), opened().probing(NOW + SECOND)):
        assert breaker.after(sign, NOW + SECOND) == breaker


def test_an_endpoint_that_asks_for_a_rest_is_given_it_at_once():
    breaker = Breaker().after(Sign.CROWDED, NOW, rest=30 * SECOND, reason="429")

    assert breaker.state is BreakerState.OPEN
    assert breaker.until == NOW + 30 * SECOND


def test_who_asks_for_more_is_given_more_and_never_less():
    breaker = Breaker().after(Sign.CROWDED, NOW, rest=30 * SECOND)

    longer = breaker.after(Sign.CROWDED, NOW, rest=60 * SECOND)
    shorter = longer.after(Sign.CROWDED, NOW, rest=SECOND)

    assert longer.until == shorter.until == NOW + 60 * SECOND


def outcome(kind, status=None, wish=None):
    rest = None if wish is None else timedelta(seconds=wish)
    return Outcome(kind, NOW, SECOND, status=status, retry_after=rest)


@pytest.mark.parametrize(
    ("kind", "status", "sign"),
    [
        (OutcomeKind.SUCCEEDED, 204, Sign.WELL),
        (OutcomeKind.GONE, 410, Sign.WELL),
        (OutcomeKind.REFUSED, 404, Sign.WELL),
        (OutcomeKind.REFUSED, 302, Sign.WELL),
        (OutcomeKind.REFUSED, 429, Sign.CROWDED),
        (OutcomeKind.REFUSED, 503, Sign.CROWDED),
        (OutcomeKind.TIMED_OUT, None, Sign.CROWDED),
        (OutcomeKind.REFUSED, 500, Sign.ILL),
        (OutcomeKind.REFUSED, None, Sign.ILL),
        (OutcomeKind.FAILED, None, Sign.ILL),
        (OutcomeKind.BLOCKED, None, Sign.ILL),
        (OutcomeKind.LOST, None, Sign.NONE),
    ],
)
def test_an_outcome_says_how_the_endpoint_is(kind, status, sign):
    assert sign_of(outcome(kind, status)) is sign


@pytest.mark.parametrize(
    ("status", "wish", "seconds"),
    [(429, 30, 30), (503, 7200, 3600), (500, 30, None), (429, 0, None)],
)
def test_only_a_crowded_endpoint_is_given_a_rest_up_to_an_hour(status, wish, seconds):
    rest = rest_of(outcome(OutcomeKind.REFUSED, status, wish))

    assert rest == (None if seconds is None else timedelta(seconds=seconds))

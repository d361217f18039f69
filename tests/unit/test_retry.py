# SPDX-License-Identifier: Apache-2.0
"""What follows from an attempt's outcome."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery.retry import decide
from bridge.model import Outcome, OutcomeKind, RetryPolicy, State

NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
POLICY = RetryPolicy((timedelta(seconds=10), timedelta(seconds=100)), jitter=0.2)


def outcome(kind, **more):
    return Outcome(kind, NOW, timedelta(seconds=1), **more)


def decided(kind, attempts=1, chance=0.5, refusal=None, **more):
    return decide(
        POLICY,
        outcome(kind, **more),
        attempts=attempts,
        now=NOW,
        chance=chance,
        refusal=refusal,
    )


def test_success_delivers():
    decision = decided(OutcomeKind.SUCCEEDED)

    assert decision.state is State.DELIVERED


@pytest.mark.parametrize(
    "kind",
    [
        OutcomeKind.REFUSED,
        OutcomeKind.FAILED,
        OutcomeKind.TIMED_OUT,
        OutcomeKind.BLOCKED,
    ],
)
def test_a_failure_is_tried_again_after_its_delay(kind):
    decision = decided(kind, attempts=2)

    assert decision.state is State.PENDING
    assert decision.due_at == NOW + timedelta(seconds=100)


@pytest.mark.parametrize(
    ("chance", "seconds"), [(0.0, 8), (1.0, 12)], ids=["earliest", "latest"]
)
def test_the_delay_is_spread_by_the_jitter(chance, seconds):
    decision = decided(OutcomeKind.FAILED, chance=chance)

    assert decision.due_at == NOW + timedelta(seconds=seconds)


def test_after_the_last_delay_it_is_dead_and_says_why():
    decision = decided(OutcomeKind.REFUSED, attempts=3, status=503)

    assert decision.state is State.DEAD
    assert decision.reason == "failed 3 times; the last time: status 503"


def test_without_delays_the_first_failure_is_the_last():
    policy = RetryPolicy(())
    failed = outcome(OutcomeKind.FAILED, error="connection refused")

    decision = decide(policy, failed, attempts=1, now=NOW, chance=0.5)

    assert decision.reason == "failed once; the last time: connection refused"


def test_the_receivers_wish_to_wait_longer_is_honoured():
    decision = decided(OutcomeKind.REFUSED, retry_after=timedelta(minutes=5))

    assert decision.due_at == NOW + timedelta(minutes=5)


def test_a_wish_to_wait_shorter_changes_nothing():
    decision = decided(OutcomeKind.REFUSED, retry_after=timedelta(seconds=1))

    assert decision.due_at == NOW + timedelta(seconds=10)


def test_gone_is_dead_at_once():
    decision = decided(OutcomeKind.GONE, status=410)

    assert decision.state is State.DEAD


def test_an_attempt_that_the_bridge_cut_off_does_not_count():
    decision = decided(OutcomeKind.LOST)

    assert (decision.state, decision.due_at, decision.counts) == (
        State.PENDING,
        NOW,
        False,
    )


def test_a_refusal_that_was_waited_for_delivers_and_says_why():
    decision = decided(OutcomeKind.REFUSED, status=409, refusal="closed")

    assert decision.state is State.DELIVERED
    assert decision.reason == "refused: closed"

# SPDX-License-Identifier: Apache-2.0
"""What follows from an attempt's outcome: a pure rule."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from bridge.model import Delivery, Outcome, OutcomeKind, RetryPolicy, State


@dataclass(frozen=True, slots=True)
class Decision:
    """How a delivery stands after an attempt.

    Attributes:
        state: Delivered, dead, or pending.
        due_at: When it is tried next, while pending.
        reason: Why it is dead, or what its receiver refused.
        counts: Whether the attempt is one of those that the policy allows.
    """

    state: State
    due_at: datetime | None = None
    reason: str | None = None
    counts: bool = True

    def applied(self, delivery: Delivery, attempt: int, now: datetime) -> Delivery:
        """Return a delivery as it stands after an attempt, by its number."""
        return replace(
            delivery,
            state=self.state,
            due_at=self.due_at,
            reason=self.reason,
            attempts=attempt - (0 if self.counts else 1),
            updated_at=now,
        )


def decide(
    policy: RetryPolicy,
    outcome: Outcome,
    *,
    attempts: int,
    now: datetime,
    chance: float,
    refusal: str | None = None,
) -> Decision:
    """Return what follows from an outcome.

    Args:
        policy: The listener's.
        outcome: Of the attempt that just ended.
        attempts: How many ended, this one included.
        now: When it ended.
        chance: From 0 to 1, spreads the retries of many deliveries.
        refusal: Why the receiver said no to somebody who waited for its answer.
    """
    if refusal is not None:
        # It was told, and has spoken: to go on would be to ask for another answer.
        return Decision(State.DELIVERED, reason=f"refused: {refusal}")
    match outcome.kind:
        case OutcomeKind.SUCCEEDED:
            return Decision(State.DELIVERED)
        case OutcomeKind.GONE:
            return Decision(State.DEAD, reason="the receiver wants no more (410 Gone)")
        case OutcomeKind.LOST:
            return Decision(State.PENDING, due_at=now, counts=False)
        case (
            OutcomeKind.REFUSED
            | OutcomeKind.FAILED
            | OutcomeKind.TIMED_OUT
            | OutcomeKind.BLOCKED
        ):
            return _again(policy, outcome, attempts, now, chance)
        case _:
            assert_never(outcome.kind)


def _again(
    policy: RetryPolicy,
    outcome: Outcome,
    attempts: int,
    now: datetime,
    chance: float,
) -> Decision:
    if attempts > len(policy.delays):
        times = "once" if attempts == 1 else f"{attempts} times"
        last = outcome.error or f"status {outcome.status}"
        return Decision(State.DEAD, reason=f"failed {times}; the last time: {last}")
    delay = policy.delays[attempts - 1]
    delay *= 1 + policy.jitter * (2 * chance - 1)
    wished = timedelta(0) if outcome.retry_after is None else outcome.retry_after
    return Decision(State.PENDING, due_at=now + max(delay, wished))

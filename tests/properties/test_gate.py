# SPDX-License-Identifier: Apache-2.0
"""Breaker, limit and rate hold whatever an endpoint does, and let it back in."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.breaker import LONGEST_REST
from bridge.delivery.gate import Gate
from bridge.delivery.limit import Limit
from bridge.delivery.rate import BURST, Rate
from bridge.delivery.sign import LONGEST_WISH, Sign
from bridge.model import Outcome, OutcomeKind
from bridge.model.lane_state import BreakerState

NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)

moments = st.integers(0, 90).map(lambda seconds: timedelta(seconds=seconds))
wishes = st.one_of(st.none(), st.integers(0, 100_000).map(lambda s: s * SECOND))
outcomes = st.builds(
    Outcome,
    st.sampled_from(OutcomeKind),
    st.just(NOW),
    moments,
    status=st.sampled_from([None, 200, 404, 410, 429, 500, 503]),
    retry_after=wishes,
)
# What happens: a call begins where there is room, or one of those under way ends.
steps = st.lists(st.tuples(moments, st.one_of(st.none(), outcomes)), max_size=200)


class Endpoint:
    """Calls to one endpoint through a gate, counted by themselves."""

    def __init__(self, most, per_second=None):
        self.gate = Gate(most)
        self.gate.adopt(most, per_second, NOW)
        self.now = NOW
        self.under_way = []

    def step(self, passed, outcome):
        self.now += passed
        if outcome is None:
            self.begin()
        elif self.under_way:
            is_probe = self.under_way.pop(0)
            self.gate.end(outcome, self.now, is_probe=is_probe)

    def begin(self):
        room = self.gate.room(len(self.under_way), self.now)
        if room:
            self.under_way.append(self.gate.begin(self.now))
        return room


@given(st.integers(1, 64), steps)
def test_no_more_than_the_limit_are_under_way_and_one_probe(most, steps):
    endpoint = Endpoint(most)
    for step in steps:
        endpoint.step(*step)

        limit = endpoint.gate.limit
        assert 1 <= limit.value <= limit.most == most
        assert len(endpoint.under_way) - sum(endpoint.under_way) <= most
        is_probing = endpoint.gate.breaker.state is BreakerState.HALF_OPEN
        assert sum(endpoint.under_way) == is_probing


@given(st.integers(1, 64), steps)
def test_whatever_happened_an_endpoint_that_is_well_is_called_as_before(most, steps):
    endpoint = Endpoint(most)
    for step in steps:
        endpoint.step(*step)
    well = Outcome(OutcomeKind.SUCCEEDED, NOW, timedelta())
    while endpoint.under_way:
        endpoint.step(timedelta(), well)

    endpoint.now += max(LONGEST_WISH, LONGEST_REST)
    for _ in range(most * (most + 1)):
        endpoint.step(timedelta(), None)
        endpoint.step(timedelta(), well)

    assert endpoint.gate.limit.is_full
    assert endpoint.gate.is_untouched(endpoint.now)


@given(st.floats(0.01, 5000), st.lists(st.integers(0, 3000), min_size=1))
def test_no_more_begin_than_the_rate_allows_and_a_burst(per_second, pauses):
    rate, now, begun = Rate.full(per_second, NOW), NOW, 0
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        for _ in range(rate.calls(now)):
            rate = rate.taken(now)
            begun += 1

    burst = max(1.0, per_second * BURST.total_seconds())
    passed = (now - NOW).total_seconds()
    assert begun <= burst + passed * per_second + 1e-6


@given(st.floats(0.01, 5000), st.integers(1, 500))
def test_who_waits_as_long_as_the_rate_says_may_begin(per_second, before):
    rate = Rate.full(per_second, NOW)
    for _ in range(min(before, rate.calls(NOW))):
        rate = rate.taken(NOW)

    then = NOW + rate.wait(1, NOW) + timedelta(microseconds=1)

    assert rate.calls(then) >= 1


@given(st.integers(2, 64), st.integers(1, 64))
def test_one_crowded_moment_halves_the_limit_once(most, calls):
    limit = Limit.full(most)
    for _ in range(calls):
        limit = limit.after(Sign.CROWDED, began=NOW, now=NOW + SECOND)

    assert limit.value == most // 2


@given(st.integers(1, 63))
def test_the_limit_is_raised_by_one_for_each_window_of_successes(value):
    limit = Limit(64, value)
    for _ in range(value):
        assert limit.value == value
        limit = limit.after(Sign.WELL, began=NOW, now=NOW)

    assert limit.value == value + 1


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 64))
def test_a_listener_that_is_changed_keeps_what_its_endpoint_bears(most, value, other):
    limit = Limit(most, min(most, value)).of_most(other)

    assert limit.value == (other if value >= most else min(value, other))

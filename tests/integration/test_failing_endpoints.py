# SPDX-License-Identifier: Apache-2.0
"""Endpoints that fail: left alone, shown, turned off at last, and taken back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery.breaker import TOLERATED
from bridge.model import Outcome, OutcomeKind, RetryPolicy, State
from bridge.model.lane_state import BreakerState, LaneState
from bridge.service.shutoff import disabled
from bridge.store.journal import Entry
from bridge.store.lanes import LaneStore
from tests.loops import on_loop, until
from tests.stored import NOW, a_delivery, a_listener, an_envelope
from tests.workers import (
    DAYS,
    FAILED,
    LONG,
    SUCCEEDED,
    RunningWorker,
    standing,
    states,
)

SOON = timedelta(milliseconds=100)
AGAIN = RetryPolicy((SOON,) * 20, 0)


@pytest.fixture
def add(stores):
    def add(**members):
        listener = a_listener(**members)
        stores.listeners.add(listener)
        return listener

    return add


@pytest.fixture
def failed_for_days(stores):
    """Lets a listener have done nothing but fail; returns since when."""

    def fail(listener):
        since = now() - DAYS
        known = LaneState(listener.id, failing_since=since, failed_at=now())
        LaneStore(stores.database).write([known], [], now())
        return since

    return fail


def kept(stores, listener):
    """Return how a listener's endpoint is, as it is shown; None: it is well."""
    states = LaneStore(stores.database).find([listener.id], now())
    return states.get(listener.id)


def now():
    return datetime.now(UTC)


def envelopes(count, first=1):
    return [an_envelope(str(first + number)) for number in range(count)]


@on_loop
async def test_a_dead_endpoint_is_left_alone_and_what_waits_costs_no_attempt(
    stores, add
):
    listener = add(retry=RetryPolicy((LONG,), 0), max_in_flight=2)
    async with RunningWorker(stores, lambda _: FAILED) as running:
        await running.hand(*envelopes(TOLERATED + 20))

        state = await until(lambda: kept(stores, listener))
        assert state.breaker in {BreakerState.OPEN, BreakerState.HALF_OPEN}
        assert (state.limit, state.failing_since is None) == (1, False)
        found = stores.deliveries.find(limit=100, listener_id=listener.id)
        tried = [one for one in found if one.attempts]
        assert TOLERATED <= len(tried) <= TOLERATED + 3
        assert b"open_breakers 1.0" in running.telemetry.render()


@on_loop
async def test_an_endpoint_that_is_back_gets_all_that_waited(stores, add):
    listener = add(retry=AGAIN, max_in_flight=8)
    is_back = False
    answer = lambda _: SUCCEEDED if is_back else FAILED  # noqa: E731
    async with RunningWorker(stores, answer) as running:
        await running.hand(*envelopes(60))
        await until(lambda: kept(stores, listener))

        is_back = True
        await until(lambda: states(stores, listener) == {State.DELIVERED: 60})
        await until(lambda: kept(stores, listener) is None)


@on_loop
async def test_an_endpoint_that_asks_for_a_rest_is_given_it(stores, add):
    listener = add(retry=AGAIN, max_in_flight=1)
    busy = Outcome(
        OutcomeKind.REFUSED,
        now(),
        timedelta(),
        status=429,
        error="answered 429 Too Many Requests",
        retry_after=LONG,
    )
    async with RunningWorker(stores, lambda _: busy) as running:
        await running.hand(*envelopes(5))
        state = await until(lambda: kept(stores, listener))

        assert state.breaker is BreakerState.OPEN
        assert state.reason == "answered 429 Too Many Requests"
        assert len(running.told) == 1


@on_loop
async def test_a_listener_that_did_nothing_but_fail_for_days_is_turned_off(
    stores, add, failed_for_days
):
    """How long it has failed outlives the bridge; what waits is told when it is back."""
    listener = add(retry=AGAIN)
    since = failed_for_days(listener)
    is_back = False
    answer = lambda _: SUCCEEDED if is_back else FAILED  # noqa: E731
    async with RunningWorker(stores, answer) as running:
        await running.hand(*envelopes(3))
        await until(lambda: len(running.worker.router) == 0)

        off = stores.listeners.get(None, listener.id)
        why = f"every attempt has failed since {since.isoformat(' ', 'seconds')}"
        assert off.disabled_reason.startswith(why)
        (told,) = await until(lambda: running.published)
        assert (told.type, told.data["listener"]["id"]) == (
            "listener.disabled",
            listener.id,
        )
        assert told.data["listener"]["disabled_reason"] == off.disabled_reason
        assert states(stores, listener) == {State.PENDING: 3}

        is_back = True
        stores.listeners.change(replace(off, enabled=True, disabled_reason=None))
        await until(lambda: states(stores, listener) == {State.DELIVERED: 3})


@on_loop
async def test_what_a_bridge_that_died_has_not_told_the_next_one_tells_once(
    stores, add
):
    listener = add()
    stores.listeners.disable(listener.id, "the receiver answered 410 Gone", NOW)

    async with RunningWorker(stores) as running:
        (told,) = await until(lambda: running.published)
        await until(lambda: stores.listeners.untold() == [])

    assert told == disabled(stores.listeners.get(None, listener.id))
    assert told.data["listener"]["disabled_reason"] == "the receiver answered 410 Gone"
    assert running.published == [told]


@on_loop
async def test_what_another_bridge_delivered_counts(stores, add, failed_for_days):
    listener, envelope = add(retry=AGAIN), an_envelope("other")
    since = failed_for_days(listener)
    delivered = a_delivery(envelope, listener, state=State.DELIVERED, updated_at=now())
    entry = Entry((envelope, now()), (delivered,))
    stores.journal("bridge 0").write([entry])
    async with RunningWorker(stores, lambda _: FAILED) as running:
        await running.hand(*envelopes(1))

        def begins_anew():
            state = kept(stores, listener)
            return state is not None and state.failing_since != since

        await until(begins_anew)
        assert stores.listeners.get(None, listener.id).enabled


@on_loop
async def test_one_success_ends_it(stores, add):
    listener, envelope = add(retry=AGAIN), an_envelope()
    answers = [FAILED, FAILED, SUCCEEDED]
    async with RunningWorker(stores, lambda _: answers.pop(0)) as running:
        await running.hand(envelope)
        await running.ended(envelope, listener, State.DELIVERED)
        await until(lambda: kept(stores, listener) is None)

    assert standing(stores, envelope, listener)[0].attempts == 3


def test_a_breaker_of_a_bridge_that_is_no_more_is_not_shown(stores, add):
    listener = add()
    state = LaneState(listener.id, BreakerState.OPEN, now(), "cannot connect", 1)
    store = LaneStore(stores.database)

    store.write([state], [], now() - timedelta(minutes=3))

    assert kept(stores, listener) == LaneState(listener.id)

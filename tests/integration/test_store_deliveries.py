# SPDX-License-Identifier: Apache-2.0
"""The delivery log in a real database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import Conflict, NotFound
from bridge.model import DeliveryId, State
from bridge.store.journal import Entry
from tests.stored import MINUTE, NOW, a_delivery, a_listener, an_attempt, an_envelope


@pytest.fixture
def listener(stores):
    listener = a_listener()
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def keep(stores, listener):
    """Keep a delivery of one event, changed as told."""

    def keep(event_id="1", *, to=listener, **members):
        envelope = an_envelope(event_id)
        delivery = a_delivery(envelope, to, **members)
        entry = Entry(arrived=(envelope, NOW), deliveries=(delivery,))
        stores.journal().write([entry])
        return delivery

    return keep


def test_pages_follow_each_other_the_latest_first(stores, keep):
    times = [NOW, NOW, NOW + MINUTE, NOW - MINUTE, NOW]
    kept = [keep(str(n), created_at=time) for n, time in enumerate(times)]
    wanted = sorted(kept, key=lambda one: (one.created_at, one.id), reverse=True)

    pages = []
    before = None
    while page := stores.deliveries.find(limit=2, before=before):
        pages += page
        before = (page[-1].created_at, page[-1].id)

    assert pages == wanted


def test_only_deliveries_that_equal_in_all_are_found(stores, keep):
    other = a_listener()
    stores.listeners.add(other)
    wanted = keep("1", state=State.DEAD)
    keep("2", state=State.DEAD, to=other)
    keep("3")

    found = stores.deliveries.find(
        limit=10, listener_id=wanted.listener_id, state="dead", execution_id="e1"
    )

    assert found == [wanted]
    assert stores.deliveries.find(limit=10, event_id="3", project="acme") == []


def test_attempts_come_in_their_order(stores, keep):
    delivery = keep()
    attempts = [
        an_attempt(delivery, n, duration=timedelta(seconds=n)) for n in (1, 2, 3)
    ]
    stores.journal().write([Entry(attempts=tuple(reversed(attempts)))])

    assert stores.deliveries.get("default", delivery.id) == (delivery, attempts)


def test_a_delivery_of_another_project_is_not_found(stores, keep):
    delivery = keep()

    with pytest.raises(NotFound, match=delivery.id):
        stores.deliveries.get("acme", delivery.id)
    with pytest.raises(NotFound, match=delivery.id):
        stores.deliveries.retry("acme", delivery.id, NOW)


@pytest.mark.parametrize("state", list(State), ids=lambda state: state.value)
def test_a_retry_makes_it_due_now_whatever_became_of_it(stores, keep, state):
    delivery = keep(state=state, reason="because", attempts=3, due_at=NOW + MINUTE)

    retried = stores.deliveries.retry(None, delivery.id, NOW)

    assert retried == replace(delivery, state=State.PENDING, due_at=NOW, reason=None)
    assert stores.deliveries.get(None, delivery.id)[0] == retried
    assert stores.journal().due(NOW) == {delivery.listener_id: 1}


def test_a_retry_leaves_what_is_under_way_alone(stores, keep, listener):
    delivery = keep()
    stores.journal().claim({listener.id: 1}, now=NOW, until=NOW + MINUTE)

    retried = stores.deliveries.retry(None, delivery.id, NOW)

    assert retried.due_at == NOW + MINUTE


def test_a_retry_for_a_removed_listener_is_refused(stores, keep, listener):
    delivery = keep()
    stores.listeners.remove(listener.id, NOW)

    with pytest.raises(Conflict, match="its listener was removed"):
        stores.deliveries.retry(None, delivery.id, NOW)

    assert stores.deliveries.get(None, delivery.id)[0].state is State.CANCELLED


def test_there_is_no_retry_of_what_is_not_there(stores):
    with pytest.raises(NotFound, match="no delivery dlv_x"):
        stores.deliveries.retry(None, DeliveryId("dlv_x"), NOW)

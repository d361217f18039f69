# SPDX-License-Identifier: Apache-2.0
"""How threads whose messages are settled are woken: each by the one before it."""

import threading

import pytest

from notifier.publishers.ticket import Ticket
from notifier.publishers.waking import Waking

PATIENCE_SECONDS = 10


@pytest.fixture
def waking():
    return Waking()


@pytest.fixture
def tickets(waking):
    """Three in a row."""
    tickets = [Ticket([], waking.add) for _ in range(3)]
    for ticket in tickets:
        waking.add(ticket)
    return tickets


def up(tickets):
    """Tell of each whether its thread would sleep on."""
    return [not one.is_asleep for one in tickets]


def test_one_is_woken_at_a_time(waking, tickets):
    waking.go_on()
    waking.go_on()

    assert up(tickets) == [True, False, False]


def test_who_is_up_wakes_the_next(waking, tickets):
    waking.go_on()
    waking.leave(tickets[0])

    assert up(tickets) == [True, True, False]


def test_who_gave_up_meanwhile_is_passed_over(waking, tickets):
    tickets[1].give_up(lambda _: None)
    waking.go_on()
    waking.leave(tickets[0])

    assert up(tickets) == [True, False, True]


def test_who_leaves_without_being_woken_holds_nobody_up(waking, tickets):
    waking.leave(tickets[2])
    tickets[2].give_up(lambda _: None)

    assert up(tickets) == [True, False, False]


def test_who_comes_to_an_empty_row_is_woken(waking, tickets):
    waking.go_on()
    for ticket in tickets:
        waking.leave(ticket)
    late = Ticket([], waking.add)
    waking.add(late)
    waking.go_on()

    assert up([late]) == [True]


def test_thirty_two_sleepers_get_up_one_after_the_other(waking):
    mutex, order = threading.Lock(), []
    tickets = [Ticket([], waking.add) for _ in range(32)]

    def sleep(ticket):
        ticket.wait(PATIENCE_SECONDS)
        with mutex:
            order.append(ticket)
            waking.leave(ticket)

    threads = [threading.Thread(target=sleep, args=(one,)) for one in tickets]
    for thread in threads:
        thread.start()
    with mutex:
        for ticket in tickets:
            waking.add(ticket)
        waking.go_on()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)

    assert order == tickets

# SPDX-License-Identifier: Apache-2.0
"""What each answer of the broker means for the messages of one channel."""

import pytest

from notifier.errors import Refused, Unroutable
from notifier.publishers.outgoing import Outgoing
from notifier.publishers.ticket import Ticket
from notifier.publishers.window import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MAX_BYTES_AT_ONCE,
    MAX_UNDER_WAY,
    Window,
)

START = 1000.0


def outgoing(name):
    """Return a message; the first letter of its name is its key."""
    return Outgoing(
        exchange="x",
        routing_key=f"key.{name[0]}",
        body=b"",
        properties={"message_id": name},
        headers={},
        key=name[0],
        id=name,
    )


def ticket_of(names, size=10):
    messages = [(outgoing(name), b"f" * size) for name in names.split()]
    return Ticket(messages, lambda _: None)


@pytest.fixture
def window():
    return Window()


def add(window, names, size=10):
    ticket = ticket_of(names, size)
    window.add(ticket.entries)
    return ticket


def take(window, now=START):
    return " ".join(entry.message.id for entry in window.take(now))


def kinds(ticket):
    return [type(error) for error in ticket.errors]


def test_messages_are_taken_in_the_order_in_which_they_were_added(window):
    add(window, "a1 b1")
    add(window, "a2")

    assert take(window) == "a1 b1 a2"
    assert take(window) == ""


def test_a_confirm_settles_one_message(window):
    ticket = add(window, "a1 a2")
    take(window)

    window.confirmed(2, multiple=False)
    one_is_left = not ticket.is_settled
    window.confirmed(1, multiple=False)

    assert one_is_left
    assert ticket.is_settled
    assert ticket.errors == [None, None]


def test_a_multiple_confirm_settles_all_up_to_it(window):
    first, second = add(window, "a1 a2 a3"), add(window, "a4")
    take(window)

    window.confirmed(2, multiple=False)
    window.confirmed(3, multiple=True)

    assert first.is_settled
    assert not second.is_settled


def test_a_returned_message_is_unroutable_once_it_is_confirmed(window):
    ticket = add(window, "a1 b1 a2")
    take(window)

    window.returned("key.a", "a2")
    window.confirmed(3, multiple=True)

    assert ticket.errors[:2] == [None, None]
    assert kinds(ticket)[2] is Unroutable
    assert ticket.errors[2].event_ids == ("a2",)


def test_of_equal_messages_the_earliest_is_returned_first(window):
    first, second = add(window, "a1"), add(window, "a1")
    take(window)

    window.returned("key.a", "a1")
    window.confirmed(2, multiple=True)

    assert kinds(first) == [Unroutable]
    assert kinds(second) == [type(None)]


def test_a_return_that_belongs_to_no_message_changes_nothing(window):
    ticket = add(window, "a1 a2")
    take(window)

    window.returned("key.z", "z9")
    window.returned("key.a", "a2")
    window.confirmed(2, multiple=True)

    assert kinds(ticket) == [type(None), Unroutable]


def test_a_returned_message_that_is_sent_again_may_find_a_queue(window):
    ticket = add(window, "a1")
    take(window)
    window.returned("key.a", "a1")
    window.lost()
    take(window)

    window.confirmed(1, multiple=False)

    assert ticket.errors == [None]


def test_after_a_lost_connection_what_was_under_way_goes_before_what_waited(window):
    add(window, "a1 b1 a2")
    take(window)
    window.confirmed(2, multiple=False)
    add(window, "a3")

    window.lost()

    assert take(window) == "a1 a2 a3"


def test_a_late_confirm_of_a_lost_connection_is_not_taken_for_a_new_message(window):
    ticket = add(window, "a1")
    take(window)
    window.lost()

    window.confirmed(1, multiple=False)

    assert not ticket.is_settled


def test_a_refused_message_and_those_behind_it_wait_for_a_while(window):
    add(window, "a1 b1 a2")
    take(window)
    add(window, "a3 b2")

    window.nacked(1, START, multiple=False)

    assert take(window) == "b2"
    assert window.is_held("a")
    assert take(window, START + FIRST_PAUSE_SECONDS) == "a1 a2 a3"
    assert not window.is_held("a")


def test_a_held_key_waits_for_what_is_under_way_before_it(window):
    """Else a message whose confirm is late would be sent again and again."""
    ticket = add(window, "a1 a2")
    take(window)
    window.nacked(2, START, multiple=False)

    too_early = take(window, START + LONGEST_PAUSE_SECONDS)
    window.confirmed(1, multiple=False)

    assert too_early == ""
    assert ticket.errors == [None, None]
    assert take(window, START + LONGEST_PAUSE_SECONDS) == "a2"


def test_the_pause_grows_to_its_limit(window):
    add(window, "a1")
    take(window)
    now, pauses = START, []
    for tag in range(1, 8):
        window.nacked(tag, now, multiple=False)
        until = now
        while not take(window, until):
            until += FIRST_PAUSE_SECONDS / 2
        pauses.append(until - now)
        now = until

    assert pauses[:4] == pytest.approx([0.05, 0.1, 0.2, 0.4], abs=0.03)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_SECONDS, abs=0.03)


def test_a_multiple_nack_sends_all_up_to_it_again_in_their_order(window):
    add(window, "a1 b1 a2 c1")
    take(window)

    window.nacked(3, START, multiple=True)

    assert take(window, START + LONGEST_PAUSE_SECONDS) == "a1 b1 a2"


def test_a_message_whose_caller_gave_up_is_not_sent_again(window):
    ticket = add(window, "a1 a2")
    take(window)
    add(window, "a3")

    ticket.give_up(lambda entry: Refused("late", [entry.message.id]))
    window.lost()

    assert kinds(ticket) == [Refused, Refused]
    assert take(window) == "a3"


def test_what_closed_the_channel_is_found_by_sending_one_by_one(window):
    ticket = add(window, "a1 b1 c1")
    take(window)
    window.rejected("no", are_all=False)
    sent = [take(window), take(window)]
    window.confirmed(1, multiple=False)
    sent.append(take(window))

    window.rejected("no: b1", are_all=False)
    add(window, "d1")

    assert sent == ["a1", "", "b1"]
    assert kinds(ticket)[:2] == [type(None), Refused]
    assert ticket.errors[1].event_ids == ("b1",)
    assert take(window) == "c1"
    window.confirmed(1, multiple=False)
    assert ticket.errors[2] is None
    add(window, "d2")
    assert take(window) == "d1 d2"


def test_a_fault_of_all_is_told_to_all(window):
    ticket = add(window, "a1 b1")
    take(window)

    window.rejected("no exchange", are_all=True)

    assert kinds(ticket) == [Refused, Refused]


def test_a_broker_that_takes_nothing_refuses_what_waits_too(window):
    first = add(window, "a1")
    take(window)
    second = add(window, "b1")

    window.refuse_all("no permission")

    assert kinds(first) == kinds(second) == [Refused]
    assert take(window) == ""


def test_so_many_are_under_way_at_most(window):
    add(window, "a " * (MAX_UNDER_WAY + 1))

    taken = len(window.take(START))
    none = len(window.take(START))
    window.confirmed(1, multiple=False)

    assert taken == MAX_UNDER_WAY
    assert none == 0
    assert take(window) == "a"


def test_so_many_bytes_are_taken_at_once(window):
    add(window, "a1 a2 a3", size=MAX_BYTES_AT_ONCE // 2)

    assert take(window) == "a1 a2"
    assert take(window) == "a3"


def test_a_ticket_sleeps_until_its_last_message_is_settled(window):
    ticket = add(window, "a1")
    take(window)
    window.confirmed(1, multiple=False)

    ticket.wait(60)

    assert ticket.is_settled


def test_what_waits_is_worth_writing_beside_little_that_is_under_way(window):
    add(window, "a1 a2 a3 a4 a5 a6 a7 a8")
    take(window)

    add(window, "b1")
    assert not window.is_worth_writing
    add(window, "b2")
    assert window.is_worth_writing

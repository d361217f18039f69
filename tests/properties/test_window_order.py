# SPDX-License-Identifier: Apache-2.0
"""Whatever a broker answers and however often it is lost, a key keeps its order."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.publishers.outgoing import Outgoing
from notifier.publishers.ticket import Ticket
from notifier.publishers.window import LONGEST_PAUSE_SECONDS, Window


class Broker:
    """Takes or refuses messages in their order, and answers in that order or not.

    Attributes:
        log: The messages that it took, with those that it took twice.
    """

    def __init__(self, window):
        self.log = []
        self._window = window
        self._received = []
        self._answered = 0
        self.now = 0.0

    def receive(self):
        """Take up what the window lets out."""
        self.now += LONGEST_PAUSE_SECONDS
        self._received += self._window.take(self.now)

    def decide(self, *, is_taken):
        """Take or refuse the oldest message that is not answered, and say so."""
        if self._answered < len(self._received):
            entry = self._received[self._answered]
            self._answered += 1
            if is_taken:
                self.log.append(entry.message)
                self._window.confirmed(self._answered, multiple=False)
            else:
                self._window.nacked(self._answered, self.now, multiple=False)

    def take_unanswered(self):
        """Take up to the last message, but be lost before saying so."""
        self.log += [e.message for e in self._received[self._answered :]]
        self.lose()

    def lose(self):
        """Drop the connection."""
        self._received, self._answered = [], 0
        self._window.lost()

    @property
    def has_answered(self):
        return self._answered == len(self._received)


ACTIONS = ("add", "receive", "take", "take", "take", "lose", "take, but be lost")


def play(actions):
    """Run the actions, then let the broker take all that is left."""
    window = Window()
    broker = Broker(window)
    tickets = []

    def add(key):
        name = f"{key}{len(tickets):04}"
        message = Outgoing("x", "k", b"", {}, {}, key, name)
        tickets.append(Ticket([(message, b"f")], lambda _: None))
        window.add(tickets[-1].entries)

    what = {
        "receive": broker.receive,
        "take": lambda: broker.decide(is_taken=True),
        "refuse": lambda: broker.decide(is_taken=False),
        "lose": broker.lose,
        "take, but be lost": broker.take_unanswered,
    }
    for action, key in actions:
        add(key) if action == "add" else what[action]()
    for _ in range(2 * len(tickets) + 2):
        broker.receive()
        while not broker.has_answered:
            broker.decide(is_taken=True)
    return tickets, broker.log


def by_key(ids):
    return {key: [one for one in ids if one.startswith(key)] for key in "abc"}


def games(*actions):
    return st.lists(st.tuples(st.sampled_from(actions), st.sampled_from("abc")))


@given(games("add", *ACTIONS))
def test_lost_connections_never_change_the_order_of_a_key(actions):
    tickets, log = play(actions)

    first_of_each = list(dict.fromkeys(message.id for message in log))
    assert all(ticket.errors == [None] for ticket in tickets)
    for ids in by_key(first_of_each).values():
        assert ids == sorted(ids)


@given(games("add", "refuse", *ACTIONS))
def test_refused_messages_leave_a_key_in_order_at_last(actions):
    tickets, log = play(actions)

    last_of_each = list(dict.fromkeys(message.id for message in reversed(log)))[::-1]
    assert all(ticket.errors == [None] for ticket in tickets)
    assert len(last_of_each) == len(tickets)
    for ids in by_key(last_of_each).values():
        assert ids == sorted(ids)

# SPDX-License-Identifier: Apache-2.0
"""A message that kills whoever handles it is found out, and all others are delivered."""

import threading

import pytest

from bridge.receiver import Receiver
from notifier.publishers.amqp import AmqpPublisher
from notifier.publishers.dial import client_of
from notifier.topology import QUARANTINE_QUEUE
from tests import figures
from tests.bridges import BridgeProcess
from tests.load import TIMEOUT, an_event

GOOD = 400  # more than [bus] prefetch: each crash returns as many as there can be
POISON = "poison"
CRASHES_AT_MOST = 5
RESTART_SECONDS = 60


class Assassin:
    """A receiver: whoever brings it the poison is killed while it waits for the answer.

    Attributes:
        told: Ids of the other events that came.
        kills: How often it killed.
    """

    def __init__(self):
        self.told = set()
        self.kills = 0
        self.killed = threading.Event()
        self.victim = None
        self._receiver = Receiver(
            "127.0.0.1", 0, on_delivery=self._note, answer=self._answer
        )

    def __enter__(self):
        self._receiver.__enter__()
        return self

    def __exit__(self, *error):
        self._receiver.__exit__(*error)

    @property
    def url(self):
        return f"{self._receiver.url}/hook"

    def _note(self, received):
        if received.headers["ce-id"] != POISON:
            self.told.add(received.headers["ce-id"])
        elif self.victim.runs:
            self.victim.kill()
            self.kills += 1
            self.killed.set()

    def _answer(self, _):
        return 200


@pytest.fixture
def assassin():
    with Assassin() as assassin:
        yield assassin


@pytest.fixture
def channel(amqp_url):
    """A channel on which anything may be done."""
    connection = client_of(amqp_url).transport.establish_connection()
    yield connection.channel()
    connection.close()


def restart_until(bridge, assassin, is_over):
    """Start a bridge again whenever it was killed."""
    while True:
        bridge.wait_until(
            lambda: assassin.killed.is_set() or is_over(), RESTART_SECONDS
        )
        if not assassin.killed.is_set():
            return
        assassin.killed.clear()
        bridge.launch()


def test_a_message_that_kills_is_set_aside_and_all_others_are_told(
    tmp_path, amqp_url, assassin, channel
):
    names = [str(number) for number in range(GOOD)]
    with (
        BridgeProcess(tmp_path, amqp_url) as bridge,
        AmqpPublisher(amqp_url) as publisher,
    ):
        assassin.victim = bridge
        bridge.add_listener(assassin.url, project="acme", max_in_flight=1000)
        half = GOOD // 2
        events = map(an_event, [*names[:half], POISON, *names[half:]])
        publisher.publish(events, timeout=TIMEOUT)

        copies = []

        def is_set_aside():
            copy = channel.basic_get(QUARANTINE_QUEUE, no_ack=True)
            copies.extend([] if copy is None else [copy])
            return copies

        restart_until(bridge, assassin, is_set_aside)
        bridge.wait_until(lambda: assassin.told == set(names))

    (copy,) = copies
    assert copy.headers["cloudEvents_id"] == POISON
    assert "died 3 times" in copy.headers["reason"]
    figures.note({"a message that kills: bridges killed": assassin.kills})
    assert assassin.kills <= CRASHES_AT_MOST

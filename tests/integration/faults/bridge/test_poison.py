# SPDX-License-Identifier: Apache-2.0
"""A message that kills whoever handles it is found out, and all others are delivered."""

import threading
import uuid

import pytest

from bridge.receiver import Receiver
from notifier.publishers.amqp import AmqpPublisher
from tests import figures
from tests.bridges import BridgeProcess
from tests.load import TIMEOUT, an_event

GOOD = 400  # more than [bus] prefetch: each crash returns as many as there can be
POISON = "poison"
LIMIT = 2  # suspected when it came back twice, and then dropped by the broker
CRASHES_AT_MOST = 5
LOOK_SECONDS = 0.05


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
def limited_url(rabbit):
    """URL of a virtual host, where a policy limits how often messages come back."""
    name = f"poison-{uuid.uuid4()}"
    url = rabbit.vhost(name)
    limit = {"delivery-limit": LIMIT}
    policy = {"pattern": "^bridge$", "definition": limit, "apply-to": "queues"}
    rabbit.management.put(f"/api/policies/{name}/limit", policy)
    yield url
    rabbit.drop_vhost(name)


def restart_until(bridge, assassin, is_over):
    """Start a bridge again whenever it was killed."""
    while True:
        if assassin.killed.is_set():
            assassin.killed.clear()
            bridge.start()
        elif bridge.runs and is_over():
            return
        assassin.killed.wait(LOOK_SECONDS)


def test_a_message_that_kills_is_set_aside_and_all_others_are_told(
    tmp_path, limited_url, assassin
):
    """The broker drops what came back too often, poison and others: it is taken back."""
    names = [str(number) for number in range(GOOD)]
    with (
        BridgeProcess(tmp_path, limited_url) as bridge,
        AmqpPublisher(limited_url) as publisher,
    ):
        assassin.victim = bridge
        bridge.add_listener(assassin.url, project="acme", max_in_flight=1000)
        half = GOOD // 2
        events = map(an_event, [*names[:half], POISON, *names[half:]])
        publisher.publish(events, timeout=TIMEOUT)

        restart_until(bridge, assassin, lambda: assassin.told == set(names))
        restart_until(bridge, assassin, bridge.quarantine)
        (copy,) = bridge.quarantine()

    assert copy["headers"]["cloudEvents_id"] == POISON
    assert "died 3 times" in copy["reason"]
    figures.note({"a message that kills: bridges killed": assassin.kills})
    assert assassin.kills <= CRASHES_AT_MOST

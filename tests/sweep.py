# SPDX-License-Identifier: Apache-2.0
"""One delivery after the other, each by a bridge that dies at another of its writes."""

import os
import signal
import threading
from collections import Counter, defaultdict

import requests

from bridge.client import BridgeClient
from bridge.receiver import Receiver
from tests.crashing import Crashing

SECONDS = 30
OUTLIVED_SECONDS = 3
REFUSALS = 2
RETRY = {"delays_seconds": [0.1] * 20, "jitter": 0}
EVENT = {
    "specversion": "1.0",
    "source": "/engines/1",
    "type": "task.failed",
    "time": "2026-11-24T02:10:00Z",
    "data": {"execution": {"id": "e1"}, "task": {"id": "t"}},
}


class Reluctant:
    """A receiver that takes an event when it comes for the third time.

    Attributes:
        taken: Event id to how often it took it.
        names: Event id to each ``webhook-id`` it came under.
    """

    def __init__(self):
        self.taken = Counter()
        self.names = defaultdict(set)
        self._calls = Counter()
        self._changed = threading.Condition()
        self._receiver = Receiver(
            "127.0.0.1", 0, on_delivery=lambda _: None, answer=self._answer
        )

    def __enter__(self):
        self._receiver.__enter__()
        return self

    def __exit__(self, *error):
        self._receiver.__exit__(*error)

    @property
    def url(self):
        return f"{self._receiver.url}/hook"

    def missing(self, event_ids):
        """Wait until it has taken these; return those it has not in time."""
        with self._changed:
            self._changed.wait_for(lambda: set(event_ids) <= self.taken.keys(), SECONDS)
            return [one for one in event_ids if one not in self.taken]

    def _answer(self, received):
        event_id = received.headers["ce-id"]
        with self._changed:
            self._calls[event_id] += 1
            self.names[event_id].add(received.headers["webhook-id"])
            if self._calls[event_id] <= REFUSALS:
                return 503
            self.taken[event_id] += 1
            self._changed.notify_all()
            return 200


class Sweep:
    """What came of it.

    Attributes:
        confirmed: Ids of the events that the bridges have taken.
        died: At how many points.
        lost: Ids of those that were confirmed and never came.
        repeated: How many were taken twice.
        renamed: Ids of events that came with more than one ``webhook-id``.
    """

    def __init__(self):
        self.confirmed = []
        self.died = 0
        self.lost = []
        self.repeated = 0
        self.renamed = []


def sweep(home, points):
    """Deliver an event for each point, of a bridge that dies there."""
    found = Sweep()
    with Reluctant() as receiver, Crashing(home) as crashing:
        for at in points:
            _one(found, receiver, crashing, at)
        pid, _ = crashing.start(0)
        found.lost = receiver.missing(found.confirmed)
        os.kill(pid, signal.SIGKILL)
        crashing.wait()
        found.repeated = receiver.taken.total() - len(receiver.taken)
        found.renamed = [one for one, ids in receiver.names.items() if len(ids) > 1]
    return found


def _one(found, receiver, crashing, at):
    pid, url = crashing.start(at)
    with BridgeClient(url) as client:
        if not any(client.listeners.find()):
            callback = {"url": receiver.url, "timeout_seconds": 5}
            wanted = {"events": ["TASK"], "callback": callback, "retry": RETRY}
            client.listeners.add(wanted)
    receiver.missing(found.confirmed)  # what the one before left comes first
    crashing.arm(pid)
    name = f"event-{at}"
    if _is_taken(url, name):
        found.confirmed.append(name)
    spare = threading.Timer(OUTLIVED_SECONDS, os.kill, (pid, signal.SIGKILL))
    spare.start()
    crashing.wait()
    found.died += spare.is_alive()
    spare.cancel()
    spare.join()


def _is_taken(url, name):
    try:
        answer = requests.post(
            f"{url}/v1/events",
            json={**EVENT, "id": name},
            headers={"Content-Type": "application/cloudevents+json"},
            timeout=SECONDS,
        )
    except requests.RequestException:
        return False
    return answer.ok

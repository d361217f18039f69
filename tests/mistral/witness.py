# SPDX-License-Identifier: Apache-2.0
"""Two who write down all that is told: one at the exchange, one at a webhook.

They tell the story of an execution in the same form, so that it can be compared::

    {"": ["started", "failed"], "charge": ["started", "failed"]}

for the execution itself, and each of its tasks.
"""

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import kombu

from bridge.receiver import Receiver
from notifier.topology import EXCHANGE
from tests.servers.processes import free_port

PATIENCE_SECONDS = 60
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Told:
    """One event, from either way."""

    id: str
    sequence: str
    type: str
    routing_key: str
    data: dict[str, Any]

    @property
    def execution_id(self):
        return self.data["execution"]["id"]

    @property
    def about(self):
        """The name of the task; empty for an execution's own."""
        return self.data["task"]["name"] if self.type.startswith("task.") else ""


class Witness:
    """What both have in common."""

    def __init__(self):
        self.events = []

    def of(self, execution):
        """Return the events of an execution, in the engine's order."""
        mine = [one for one in self.events if one.execution_id == execution]
        return sorted(mine, key=lambda one: one.sequence)

    def story(self, execution):
        """Return what happened to the execution and to each task."""
        story = defaultdict(list)
        told = {one.id: one for one in self.of(execution)}  # a repeat is no news
        for one in told.values():
            story[one.about].append(one.type.partition(".")[2])
        return dict(story)

    def hears(self, execution, story):
        """Wait until the story is told to its end; return what was told by then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (told := self.story(execution)) != story:
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        return told


class BusWitness(Witness):
    """A queue of its own on the exchange; a context manager."""

    def __init__(self, url):
        super().__init__()
        self._connection = kombu.Connection(url)
        channel = self._connection.channel()
        events = kombu.Exchange(EXCHANGE, "topic", durable=True)
        self._queue = kombu.Queue("witness", events, routing_key="#")(channel)
        self._queue.declare()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def look(self):
        """Take in what has come meanwhile."""
        while (message := self._queue.get(no_ack=True)) is not None:
            headers = message.headers
            self.events.append(
                Told(
                    id=headers["cloudEvents_id"],
                    sequence=headers["cloudEvents_sequence"],
                    type=message.properties["type"],
                    routing_key=message.delivery_info["routing_key"],
                    data=json.loads(message.body)["data"],
                )
            )

    def story(self, execution):
        self.look()
        return super().story(execution)


class HookWitness(Witness):
    """The owner of a webhook; a context manager.

    `close` and `open` are an outage of it: then nobody listens on its port.
    """

    def __init__(self):
        super().__init__()
        self._changed = threading.Lock()
        self._port = free_port()
        self._receiver = None

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}/hook"

    def open(self):
        self._receiver = Receiver("127.0.0.1", self._port, on_delivery=self.note)
        self._receiver.__enter__()

    def close(self):
        if self._receiver is not None:
            self._receiver.__exit__(None, None, None)
            self._receiver = None

    def note(self, received):
        """Take in one webhook."""
        body = json.loads(received.body)
        with self._changed:
            self.events.append(
                Told(
                    id=received.headers["ce-id"],
                    sequence=received.headers["ce-sequence"],
                    type=body["type"],
                    routing_key="",
                    data=body["data"],
                )
            )

# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks that writes down which came when, and answers when it is told."""

import threading
import time
from collections import defaultdict

from bridge.receiver import Receiver

PATIENCE_SECONDS = 30


class Ledger:
    """A context manager; between enter and exit it takes webhooks.

    Attributes:
        ids: Event id to the ``webhook-id`` of each call that came for it, in order.
        times: The same with monotonic seconds.
        status: What it answers.
    """

    def __init__(self):
        self.ids = defaultdict(list)
        self.times = defaultdict(list)
        self.status = 200
        self._changed = threading.Condition()
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._receiver = Receiver(
            "127.0.0.1", 0, on_delivery=self._note, answer=self._answer
        )

    def __enter__(self):
        self._receiver.__enter__()
        return self

    def __exit__(self, *error):
        self.release()
        self._receiver.__exit__(*error)

    @property
    def url(self):
        return f"{self._receiver.url}/hook"

    def hold(self):
        """Answer nothing until `release`."""
        self._may_answer.clear()

    def release(self):
        """Answer all that waits, and what comes."""
        self._may_answer.set()

    def wait_for(self, event_ids, seconds=PATIENCE_SECONDS):
        """Wait until a call has come for each of these events."""
        wanted = set(event_ids)
        with self._changed:
            in_time = self._changed.wait_for(lambda: wanted <= self.ids.keys(), seconds)
            missing = sorted(wanted - self.ids.keys())
            assert in_time, f"{len(missing)} never came, such as {missing[:3]}"

    def wait_for_calls(self, event_id, count, seconds=PATIENCE_SECONDS):
        """Wait until so many calls have come for an event."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: len(self.ids[event_id]) >= count, seconds
            ), f"{len(self.ids[event_id])} calls came"

    def _note(self, received):
        event_id = received.headers["ce-id"]
        with self._changed:
            self.ids[event_id].append(received.headers["webhook-id"])
            self.times[event_id].append(time.monotonic())
            self._changed.notify_all()

    def _answer(self, _):
        self._may_answer.wait(PATIENCE_SECONDS)
        return self.status

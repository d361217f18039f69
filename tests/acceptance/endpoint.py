# SPDX-License-Identifier: Apache-2.0
"""The endpoint of a webhook's owner: notes what comes, answers as a test says."""

import queue
import threading
from collections import deque
from http import HTTPStatus

from standardwebhooks import Webhook

from bridge.receiver import Receiver

PATIENCE_SECONDS = 20


class Endpoint:
    """Takes webhooks on any path.

    Attributes:
        answers: Statuses of the next answers; with none left it answers `usual`.
        usual: 204.
    """

    def __init__(self):
        self.answers = deque()
        self.usual = HTTPStatus.NO_CONTENT
        self._came = queue.Queue()
        self._held = None
        self._released = threading.Event()
        self._receiver = Receiver(
            "127.0.0.1", 0, on_delivery=self._take, answer=self._answer
        )

    def __enter__(self):
        self._receiver.__enter__()
        return self

    def __exit__(self, *error):
        self.release()
        self._receiver.__exit__(*error)

    @property
    def url(self):
        return self.url_of("/hook")

    def url_of(self, path):
        return self._receiver.url + path

    def hold(self, path):
        """Neither note nor answer what comes on this path, until `release`."""
        self._held = path

    def release(self):
        """End `hold`."""
        self._released.set()

    def next(self):
        """Return the next webhook."""
        return self._came.get(timeout=PATIENCE_SECONDS)

    def next_event(self, secret):
        """Return the payload of the next webhook, which must be signed with this.

        Somebody else's library verifies it.
        """
        came = self.next()
        return Webhook(secret).verify(came.body, dict(came.headers))

    def is_quiet(self):
        """Tell whether nothing has come that was not looked at."""
        return self._came.empty()

    def _take(self, received):
        if received.path == self._held:
            self._released.wait(PATIENCE_SECONDS)
        self._came.put(received)

    def _answer(self, _received):
        return self.answers.popleft() if self.answers else self.usual

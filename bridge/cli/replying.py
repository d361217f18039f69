# SPDX-License-Identifier: Apache-2.0
"""How ``listen`` replies: as it was told, after a while, or as another receiver does."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import requests

from bridge.client import is_loopback
from bridge.receiver import Received, Reply

CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 60

# What belongs to one connection, or is made anew by whoever sends.
_NOT_SENT: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "transfer-encoding"}
)
# What the bridge goes by.
_SENT_BACK: Final = ("content-type", "retry-after")


@dataclass(frozen=True, slots=True)
class Replying:
    """Replies to what arrives; safe in several threads.

    Attributes:
        status: To reply with. None: 200, or what the other receiver answers.
        delay: Passes before the reply.
        forward: URL of the other receiver. None: there is none.
        ended: Nobody is kept waiting once it is set.
        tell: Hears what the other receiver did.
    """

    status: int | None
    delay: timedelta
    forward: str | None
    ended: threading.Event
    tell: Callable[[str], object]

    def __call__(self, received: Received) -> Reply:
        """Return the reply, when it is time for it."""
        reply = Reply(HTTPStatus.OK)
        if self.forward is not None:
            reply = self._forwarded(self.forward, received)
        self.ended.wait(self.delay.total_seconds())
        return reply if self.status is None else Reply(self.status)

    def _forwarded(self, url: str, received: Received) -> Reply:
        began = time.monotonic()
        try:
            reply = _send(url, received)
        except requests.RequestException as err:
            self.tell(f"not forwarded: {url} does not answer ({_reason(err)})")
            return Reply(HTTPStatus.BAD_GATEWAY)
        milliseconds = (time.monotonic() - began) * 1000
        self.tell(f"forwarded: {url} answers {reply.status} in {milliseconds:.0f} ms")
        return reply


def _send(url: str, received: Received) -> Reply:
    with requests.Session() as session:
        # A proxy of the environment cannot reach this machine's loopback.
        session.trust_env = not is_loopback(url)
        answer = session.request(
            received.method,
            url,
            data=received.body,
            headers=_passed_on(received.headers),
            allow_redirects=False,
            timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
        )
    kept = {k: answer.headers[k] for k in _SENT_BACK if k in answer.headers}
    body = b"" if answer.status_code == HTTPStatus.NO_CONTENT else answer.content
    return Reply(answer.status_code, body, kept)


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in headers.items() if name not in _NOT_SENT}


def _reason(err: requests.RequestException) -> str:
    return "not in time" if isinstance(err, requests.Timeout) else "no connection"

# SPDX-License-Identifier: Apache-2.0
"""Publishes replies to those who wait for a verdict on RabbitMQ.

On a connection and on threads of their own: trouble with a reply holds up no event. Who
has left meanwhile is no fault.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Final

from bridge.callbacks.amqp import Sender
from bridge.callbacks.workers import Workers
from notifier.errors import NotifierError, Unroutable
from notifier.publishers.outgoing import Outgoing
from notifier.wire import Question

THREADS: Final = 4
TIMEOUT: Final = timedelta(seconds=2)
CLOSE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Replies:
    """Lives on the event loop.

    Args:
        sender: To the broker.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._workers = Workers(THREADS, "reply")

    def reply(self, asked: Question, body: bytes) -> None:
        """Have a reply published soon; what becomes of it is at most logged."""
        self._workers.run(partial(self._send, asked, body))

    def close(self) -> None:
        """Let what is under way end. Blocks for a moment."""
        self._workers.close(CLOSE_SECONDS)

    def _send(self, asked: Question, body: bytes) -> None:
        message = Outgoing(
            exchange="",
            routing_key=asked.reply_to,
            body=body,
            properties={
                "content_type": "application/json",
                "correlation_id": asked.correlation_id,
            },
            headers={},
            key=asked.correlation_id,
            id=asked.correlation_id,
        )
        try:
            self._sender.send([message], timeout=TIMEOUT)
        except Unroutable:
            _log.debug("who asked has left")
        except NotifierError as err:
            _log.warning("a verdict cannot be told", extra={"reason": str(err)})

# SPDX-License-Identifier: Apache-2.0
"""One connection to the broker for one call at a time: publishes, and hears the reply.

Used by one thread at a time. RabbitMQ's direct reply-to ties a reply to the channel
that asked, and needs neither a queue nor a permission. A connection that is lost is
opened again and the message sent again: the reply to the first copy could not arrive.

::

    ask ─▶ dial, if need be ─▶ send ─▶ confirmed ─▶ reply
              ▲                  │ nack, connection lost
              └──── a pause ─────┘
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from notifier.errors import PublishError, Refused, Unreachable, Unroutable
from notifier.publishers.confirms import Confirms, Lost, Rejected
from notifier.publishers.dial import Dialer
from notifier.publishers.frames import encode
from notifier.publishers.outgoing import Outgoing
from notifier.topology import DIRECT_REPLIES
from notifier.wire.call import Question

TURN_SECONDS: Final = 0.25
"""So often a line that waits looks whether it was closed, and lets its heart beat."""

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0

_NOT_FOUND: Final = 404


@dataclass(slots=True)
class _Call:
    """How it stands with the one call under way."""

    correlation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    reply: bytes | None = None
    error: PublishError | None = None
    trouble: str = "no answer from the broker"
    is_sent: bool = False
    is_confirmed: bool = False
    is_returned: bool = False

    @property
    def is_over(self) -> bool:
        return self.reply is not None or self.error is not None


class Line:
    """A connection, opened when it is needed.

    Args:
        dialer: Opens it, and declares what is missing.
    """

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._confirms: Confirms | None = None
        self._call = _Call()
        self._tag = 0
        self._failures = 0
        self._go_on_at = 0.0
        self._is_closed = False
        self._is_idle = True

    def ask(self, message: Outgoing, deadline: float) -> bytes | None:
        """Return the reply to a message; None: it is safe, but no reply came in time.

        Args:
            message: Its header says how long is waited, counted from its sending.
            deadline: On the monotonic clock.

        Raises:
            InvalidEvent: It does not fit AMQP; it was not sent.
            PublishError: It is not known to be safe.
        """
        encode(message)
        self._call = _Call()
        self._go_on_at = 0.0
        self._is_idle = False
        try:
            while not (self._call.is_over or self._is_closed):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._turn(message, left)
        except BaseException:
            self._lose("interrupted")  # maybe between two halves of a frame
            raise
        finally:
            self._is_idle = True
        return self._outcome(message.id)

    def close(self) -> None:
        """Let go of the connection; who waits on it is told within a moment."""
        self._is_closed = True
        confirms = self._confirms
        if confirms is not None and self._is_idle:
            self._confirms = None
            confirms.close()

    def abandon(self) -> None:
        """In a forked child: leave the connection to the parent."""
        if self._confirms is not None:
            self._confirms.abandon()

    def on_confirm(self, tag: int, *, multiple: bool) -> None:
        """Take in a confirm; there is one message under way."""
        del multiple
        if tag == self._tag:
            self._call.is_confirmed = True
            self._failures = 0
            if self._call.is_returned:
                self._call.error = Unroutable("no queue is bound for it")

    def on_nack(self, tag: int, *, multiple: bool) -> None:
        """Take in a negative confirm: send again, after a pause."""
        del multiple
        if tag == self._tag:
            self._call.trouble = "the broker refused it (nack)"
            self._call.is_sent = False
            self._rest()

    def on_return(self, routing_key: str, message_id: str | None) -> None:
        """Take in that no queue took the message; its confirm is still to come."""
        del routing_key, message_id
        self._call.is_returned = True

    def _turn(self, message: Outgoing, left: float) -> None:
        pause = self._go_on_at - time.monotonic()
        try:
            if self._confirms is None:
                if pause > 0:
                    time.sleep(min(pause, left))
                    return
                self._confirms = self._dialer.dial(self, left, self._on_reply)
                self._tag = 0
            if not self._call.is_sent and pause <= 0:
                self._send(self._confirms, message, left)
            self._confirms.exchange(min(left, TURN_SECONDS))
        except Lost as err:
            self._lose(str(err))
        except Refused as err:  # the broker will not have this user
            self._call.error = err
        except Rejected as err:
            self._lose(str(err))
            if err.code != _NOT_FOUND:  # dialling declares the exchange again
                self._call.error = Refused(str(err))

    def _send(self, confirms: Confirms, message: Outgoing, left: float) -> None:
        wait = timedelta(seconds=left)
        question = Question(DIRECT_REPLIES, self._call.correlation_id, wait)
        confirms.put(encode(message.asking(question)))
        self._tag += 1
        self._call.is_sent, self._call.is_returned = True, False

    def _on_reply(self, message: Any) -> None:  # noqa: ANN401 - py-amqp has no types
        # Another's id: the reply to an earlier call, which came too late.
        if message.properties.get("correlation_id") == self._call.correlation_id:
            self._call.reply = bytes(message.body)

    def _lose(self, trouble: str) -> None:
        self._call.trouble = trouble
        confirms, self._confirms = self._confirms, None
        self._call.is_sent = False
        if confirms is not None:
            confirms.drop()
        self._rest()

    def _rest(self) -> None:
        # None before the first: mostly, a connection was closed while it was idle.
        pause = FIRST_PAUSE_SECONDS * (2**self._failures - 1)
        if pause < LONGEST_PAUSE_SECONDS:
            self._failures += 1
        self._go_on_at = time.monotonic() + min(pause, LONGEST_PAUSE_SECONDS)

    def _outcome(self, event_id: str) -> bytes | None:
        if self._is_closed:
            self.close()
        if self._call.reply is not None:
            return self._call.reply
        if self._call.error is not None:
            self._call.error.event_ids = (event_id,)
            raise self._call.error
        if self._is_closed:
            raise Unreachable("the publisher is closed", [event_id])
        if self._call.is_confirmed:
            return None
        trouble = self._call.trouble
        if self._confirms is not None and self._confirms.is_blocked:
            trouble = "the broker is short of memory or disk and takes no messages"
        self._lose(trouble)  # what is half written, or a silent broker, is of no use
        raise Unreachable(f"not confirmed in time: {trouble}", [event_id])

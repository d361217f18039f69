# SPDX-License-Identifier: Apache-2.0
"""One connection that any number of threads publish over, many confirms in flight.

There is no thread of its own. One of the threads that want something sent leads: it
writes what all of them have queued and reads the confirms of all. While it waits for
these, whoever comes writes, so that the broker is never kept waiting. When the leader's
own messages are settled, or its time is up, the next one leads (docs/adr/0003).

::

    thread 1   add ─ lead: write 1 ─ wait ───────── read ─ confirmed ─▶ leave
    thread 2          add ─ sleep ─────────────────────────── lead ─ confirmed ─▶ leave
    thread 3             add ─ write 2,3 ─ sleep ───────────────────── confirmed ─▶ leave
"""

import logging
import threading
import time
from collections.abc import Iterable
from typing import Final

from notifier.errors import PublishError, Refused, Unreachable
from notifier.publishers.confirms import Confirms, Lost, Rejected
from notifier.publishers.dial import Dialer
from notifier.publishers.outgoing import Outgoing
from notifier.publishers.ticket import Entry, Ticket
from notifier.publishers.waking import Waking
from notifier.publishers.window import Window

TURN_SECONDS: Final = 0.02
"""After so long without an answer the leader looks for what others have queued."""

SILENCE_SECONDS: Final = 1.0
"""A broker that said nothing for so long, until the time was up, is not trusted."""

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0

_NOT_FOUND: Final = 404
_SILENT: Final = "no answer from the broker"
_BLOCKED: Final = "the broker is short of memory or disk and takes no messages"

_log = logging.getLogger(__name__)


class Link:
    """A connection to the broker, opened when it is needed.

    Args:
        dialer: Opens it.
        is_prepared: Whether the dialer declares the exchange that is published to, so
            that a missing one is there after the next dialling.
    """

    def __init__(self, dialer: Dialer, *, is_prepared: bool) -> None:
        self._dialer = dialer
        self._is_prepared = is_prepared
        self._mutex = threading.Lock()
        # Guarded by the mutex; never held while anything blocks.
        self._window = Window()
        self._followers: dict[Ticket, None] = {}
        self._leader: Ticket | None = None
        self._waking = Waking()
        self._is_closed = False
        self._is_listening = False  # whether a follower may write
        self._torn: str | None = None  # why a follower's writing failed
        # The leader's alone.
        self._confirms: Confirms | None = None
        self._trouble = _SILENT
        self._failures = 0
        self._retry_at = 0.0

    def deliver(
        self,
        messages: Iterable[tuple[Outgoing, bytes]],
        deadline: float,
        tries: int | None = None,
    ) -> list[PublishError | None]:
        """Return what went wrong with each message, once all is known.

        Args:
            messages: Each with its frames.
            deadline: On the monotonic clock; by then, all is `Unreachable`.
            tries: So many times at most a connection is tried; None: until then.
        """
        ticket = Ticket(messages, self._waking.add)
        try:
            self._join(ticket)
            if self._leader is not ticket:
                ticket.wait(deadline - time.monotonic())
            if self._leader is ticket:
                self._lead(ticket, deadline, tries)
        finally:
            self._leave(ticket)
        return ticket.errors

    def close(self) -> None:
        """Settle all as `Unreachable` and take leave of the broker."""
        with self._mutex:
            self._is_closed = True
            for ticket in self._followers:
                ticket.wake()
        self._retire()

    def abandon(self) -> None:
        """In a forked child: leave the connection to the parent."""
        if self._confirms is not None:
            self._confirms.abandon()

    def on_confirm(self, tag: int, *, multiple: bool) -> None:
        """Take in a confirm."""
        self._failures = 0
        with self._mutex:
            self._window.confirmed(tag, multiple=multiple)

    def on_nack(self, tag: int, *, multiple: bool) -> None:
        """Take in a negative confirm."""
        with self._mutex:
            self._window.nacked(tag, time.monotonic(), multiple=multiple)

    def on_return(self, routing_key: str, message_id: str | None) -> None:
        """Take in that no queue took a message."""
        with self._mutex:
            self._window.returned(routing_key, message_id)

    def _join(self, ticket: Ticket) -> None:
        with self._mutex:
            if self._is_closed:
                ticket.wake()
                return
            self._window.add(ticket.entries)
            if self._leader is None:
                self._leader = ticket
            else:
                self._followers[ticket] = None
                if self._is_listening and self._window.is_worth_writing:
                    self._write_meanwhile()

    def _leave(self, ticket: Ticket) -> None:
        with self._mutex:
            ticket.give_up(self._late)
            self._followers.pop(ticket, None)
            self._waking.leave(ticket)
            if self._leader is ticket:
                self._appoint()
        if self._is_closed:
            self._retire()

    def _appoint(self) -> None:
        waiting = (one for one in self._followers if not one.is_settled)
        self._leader = next(waiting, None)
        if self._leader is not None:
            del self._followers[self._leader]
            self._leader.wake()

    def _write_meanwhile(self) -> None:
        """Write what waits, while the leader waits for answers."""
        confirms = self._confirms
        if confirms is None or confirms.is_writing or self._torn is not None:
            return
        self._torn = "interrupted"  # maybe between two halves of a frame
        for entry in self._window.take(time.monotonic()):
            confirms.put(entry.frames)
        try:
            confirms.write()
        except (Lost, Rejected) as err:
            self._torn = str(err)
        else:
            self._torn = None

    def _lead(self, ticket: Ticket, deadline: float, tries: int | None) -> None:
        started = time.monotonic()
        failed = 0
        while not ticket.is_settled and not self._is_closed:
            left = deadline - time.monotonic()
            if left <= 0:
                self._doubt(started)
                return
            try:
                self._turn(left)
            except Lost as err:
                failed += self._confirms is None  # one that was idle may be closed
                # A try that the caller's time cut short tells less than one that failed.
                is_cut = self._confirms is None and time.monotonic() >= deadline
                is_known = self._trouble is not _SILENT
                self._lose(self._trouble if is_cut and is_known else str(err))
                if failed == tries:
                    return
            except Rejected as err:
                self._reject(err)
            except Refused as err:
                with self._mutex:
                    self._window.refuse_all(str(err))
            except BaseException:
                # An interrupt may have come between two halves of a frame.
                self._lose("interrupted")
                raise
            with self._mutex:
                self._waking.go_on()

    def _turn(self, left: float) -> None:
        confirms = self._confirms
        if confirms is None:
            self._reconnect(left)
            return
        with self._mutex:
            if self._torn is not None:
                raise Lost(self._torn)
            now = time.monotonic()
            entries = [] if confirms.is_writing else self._window.take(now)
        for entry in entries:
            confirms.put(entry.frames)
        confirms.write()
        is_readable = confirms.has_unread or self._listen(confirms, left)
        confirms.read(is_readable=is_readable)
        self._trouble = _BLOCKED if confirms.is_blocked else _SILENT

    def _listen(self, confirms: Confirms, left: float) -> bool:
        self._is_listening = True
        try:
            return confirms.wait(min(left, TURN_SECONDS))
        finally:
            with self._mutex:
                self._is_listening = False

    def _reconnect(self, left: float) -> None:
        pause = self._retry_at - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, left))
            return
        self._confirms = self._dialer.dial(self, left)

    def _lose(self, trouble: str) -> None:
        """Go on with another connection, after a pause that grows."""
        self._trouble = trouble
        confirms, self._confirms = self._confirms, None
        if confirms is not None:
            _log.warning("bus: connection lost", extra={"fault": trouble})
            confirms.drop()
        with self._mutex:
            self._is_listening = False  # an interrupt may have left it so
            self._torn = None
            self._window.lost()
        # None before the first: mostly, a connection was closed while it was idle.
        pause = FIRST_PAUSE_SECONDS * (2**self._failures - 1)
        if pause < LONGEST_PAUSE_SECONDS:
            self._failures += 1
        self._retry_at = time.monotonic() + min(pause, LONGEST_PAUSE_SECONDS)

    def _reject(self, err: Rejected) -> None:
        is_missing = err.code == _NOT_FOUND
        if is_missing and self._is_prepared:
            self._lose(str(err))  # dialling declares the exchange again
            return
        with self._mutex:
            self._window.rejected(str(err), are_all=is_missing)
        if err.is_lost:
            self._lose(str(err))

    def _doubt(self, started: float) -> None:
        confirms = self._confirms
        if confirms is None or confirms.is_blocked:
            return
        silence = time.monotonic() - max(started, confirms.heard_at)
        if silence >= SILENCE_SECONDS:
            self._lose(_SILENT)

    def _late(self, entry: Entry) -> PublishError:
        ids = [entry.message.id]
        if self._is_closed:
            return Unreachable("the publisher is closed", ids)
        if entry.nacks:
            return Refused(f"the broker refused it {entry.nacks} times (nack)", ids)
        if self._window.is_held(entry.message.key):
            return Refused("the broker refused one that goes before it (nack)", ids)
        return Unreachable(f"not confirmed in time: {self._trouble}", ids)

    def _retire(self) -> None:
        """Close the connection, unless somebody leads and will do it."""
        with self._mutex:
            if self._leader is not None:
                return
            confirms, self._confirms = self._confirms, None
        if confirms is not None:
            confirms.close()

# SPDX-License-Identifier: Apache-2.0
"""The loop of a relay: read a batch, publish it confirmed, remove it.

Each event is published at least once; one that the relay had no time to remove is
published again. Events of one execution keep the order in which they were written.
Any number of relays may run on one outbox: one is at work, the others stand by.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from notifier.errors import OutboxError, Unreachable
from notifier.publishers.publisher import Publisher
from notifier.relay.bell import Bell
from notifier.relay.fate import Fate, decide
from notifier.relay.opening import open_engine, reader_of
from notifier.relay.reader import Turn
from notifier.relay.sending import Sender, Sent
from notifier.topology import OUTBOX_TABLE

DEFAULT_TIMEOUT: Final = timedelta(seconds=10)
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 10.0

BUS_IS_WELL: Final = 60.0  # seconds
"""So long after it took an event, what it refuses is the event's fault."""

_SPARE: Final = timedelta(seconds=5)  # for a turn, beside publishing

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What a relay did; who is refused may be published later."""

    published: int = 0
    refused: int = 0
    set_aside: int = 0


class Relay:
    """Moves events from one outbox to the bus.

    Args:
        database: SQLAlchemy's URL of the engine's database: PostgreSQL, or SQLite.
        publisher: The way to the bus; closed with the relay.
        table: ``name`` or ``schema.name`` of the outbox.
        timeout: For a batch to be confirmed.

    Raises:
        SettingsError: The URL is none of such a database, or its driver is missing.

    Attributes:
        tally: What it did so far.

    Example::

        with Relay("postgresql://engine@db/engine", publisher) as relay:
            relay.run()
    """

    def __init__(
        self,
        database: str,
        publisher: Publisher,
        *,
        table: str = OUTBOX_TABLE,
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> None:
        self.tally = Tally()
        engine = open_engine(database)
        self._bell = Bell()
        self._reader = reader_of(
            engine, table, self._bell, patience=2 * timeout + _SPARE
        )
        self._publisher = publisher
        self._sender = Sender(publisher, timeout)
        self._pause = FIRST_PAUSE_SECONDS
        self._took_at: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self) -> None:
        """Work until `stop`; outlives trouble with database and bus."""
        while not self._bell.has_rung:
            try:
                if not self._take_turn():
                    self._reader.wait()
            except (OutboxError, Unreachable) as err:
                extra = {"fault": str(err), "pause_seconds": self._pause}
                _log.warning("relay waits", extra=extra)
                self._rest()

    def run_once(self) -> None:
        """Work until nothing is due, or another relay is at it.

        Raises:
            OutboxError: The database does not answer.
            Unreachable: The bus does not answer.
        """
        while not self._bell.has_rung and self._take_turn():
            """There may be more."""

    def take_up_again(self) -> int:
        """Let all that was set aside be tried again; return how many.

        Raises:
            OutboxError: The database does not answer.
        """
        return self._reader.take_up_again()

    def stop(self) -> None:
        """Let `run` end after its batch; from any thread, or a signal handler."""
        self._bell.ring()

    def close(self) -> None:
        """Let go of the database and the bus; may be called twice."""
        self._reader.close()
        self._publisher.close()
        self._sender.close()
        self._bell.close()

    def _take_turn(self) -> bool:
        """Publish one batch, if there is one for us; tell whether there was."""
        with self._reader.turn() as turn:
            if turn is None or not turn.rows:
                return False
            batch = self._publish(turn)
        # Only now is it committed what became of the rows.
        if batch.trouble is not None:
            raise batch.trouble
        if batch.confirmed:
            self._pause = FIRST_PAUSE_SECONDS
        else:
            self._rest()  # a bus that refuses all is left in peace for a while
        return True

    def _publish(self, turn: Turn) -> Sent:
        started = time.monotonic()
        sent = self._sender.send(turn.rows)
        ended = time.monotonic()
        if sent.confirmed:
            self._took_at = ended
        counts = self._took_at is not None and ended < self._took_at + BUS_IS_WELL
        attempts = {row.id: row.attempts for row in turn.rows}
        now = datetime.now(UTC)
        fates = {
            row: decide(fault, attempts[row], counts=counts, now=now)
            for row, fault in sent.refused.items()
        }
        turn.note(sent.confirmed, fates)
        self._tell(sent, fates.values(), took=ended - started)
        return sent

    def _tell(self, sent: Sent, fates: Collection[Fate], *, took: float) -> None:
        aside = sum(fate.due_at is None for fate in fates)
        self.tally.published += len(sent.confirmed)
        self.tally.set_aside += aside
        self.tally.refused += len(fates) - aside
        age = None if sent.oldest is None else datetime.now(UTC) - sent.oldest
        extra = {
            "events": len(sent.confirmed),
            "refused": len(fates),
            "set_aside": aside,
            "duration_seconds": round(took, 4),
            "behind_seconds": None if age is None else round(age.total_seconds(), 3),
            "fault": next((fate.reason for fate in fates), None),
        }
        level = logging.WARNING if fates else logging.INFO
        _log.log(level, "batch relayed", extra=extra)

    def _rest(self) -> None:
        self._bell.wait(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

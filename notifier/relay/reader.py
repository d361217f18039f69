# SPDX-License-Identifier: Apache-2.0
"""How a relay reads an outbox, whatever the database: one turn after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Table, inspect
from sqlalchemy.exc import SQLAlchemyError

from notifier.errors import OutboxError
from notifier.relay.fate import Fate
from notifier.relay.rows import Row

Note = Callable[[Sequence[int], Mapping[int, Fate]], None]
"""Given the ids of rows that were published, and the fates of those refused."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch that this relay alone publishes, until the turn is over.

    Attributes:
        rows: Empty where nothing is due.
        note: Takes down what became of them; to be called once.
    """

    rows: Sequence[Row]
    note: Note


class Reader(Protocol):
    """Reads one outbox for one relay; used by one thread.

    Raises:
        OutboxError: From every method but `close`, when the database does not answer;
            it may be called again.
    """

    def turn(self) -> AbstractContextManager[Turn | None]:
        """Give the next batch; None while another relay is at work."""

    def wait(self) -> None:
        """Return when a look is worth while, or the relay's bell rings."""

    def take_up_again(self) -> int:
        """Let all that was set aside be tried again; return how many."""

    def close(self) -> None:
        """Let go of the database; may be called twice."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise `OutboxError` in the place of SQLAlchemy's errors."""
    try:
        yield
    except SQLAlchemyError as err:
        # The driver's own line only: SQLAlchemy's text quotes the parameters.
        cause = getattr(err, "orig", None) or err
        said = str(cause).strip().splitlines() or [type(cause).__name__]
        raise OutboxError(f"the outbox's database: {said[0]}") from err


def check_table(connection: Connection, table: Table) -> None:
    """Make sure that there is an outbox.

    Raises:
        OutboxError: There is none.
    """
    if not inspect(connection).has_table(table.name, schema=table.schema):
        raise OutboxError(
            f"there is no table {table.fullname}; "
            "`notifier outbox-create` makes it, or the engine's own migration"
        )

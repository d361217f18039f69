# SPDX-License-Identifier: Apache-2.0
"""Which messages were being handled when a bridge died, and how often; blocking.

A mark names the bridge that handles a message now. Who finds the mark of another bridge
on a message that came back knows that the other one is gone, or has lost the message.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from bridge.store.database import Database, insert_into
from bridge.store.tables import suspects

_STALE: Final = timedelta(days=1)
"""A mark whose message has not come back for so long is of no use."""


class SuspectStore:
    """The marks of one bridge.

    Args:
        database: Where they are.
        owner: Names this bridge among those that share the database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def crashes(self, fingerprints: Collection[str]) -> dict[str, int]:
        """Return how many bridges died while they handled these; 0 is left out."""
        query = select(suspects).where(suspects.c.fingerprint.in_(fingerprints))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = {
            row.fingerprint: row.crashes + (row.owner != self._owner) for row in rows
        }
        return {key: count for key, count in found.items() if count}

    def mark(self, crashes: Mapping[str, int], now: datetime) -> None:
        """Note that this bridge is about to handle messages.

        Args:
            crashes: Fingerprint to what `crashes` has said.
            now: What is much older goes.
        """
        rows = [
            {
                "fingerprint": key,
                "crashes": count,
                "owner": self._owner,
                "marked_at": now,
            }
            for key, count in sorted(crashes.items())
        ]
        stale = suspects.c.marked_at < now - _STALE
        with self._database.write() as connection:
            connection.execute(delete(suspects).where(stale))
            statement = insert_into(connection, suspects)
            new = statement.excluded
            upsert = statement.on_conflict_do_update(
                index_elements=["fingerprint"],
                set_={name: new[name] for name in ("crashes", "owner", "marked_at")},
            )
            connection.execute(upsert, rows)

    def clear(self, fingerprints: Collection[str]) -> None:
        """Forget messages: they are handled."""
        where = suspects.c.fingerprint.in_(fingerprints)
        with self._database.write() as connection:
            connection.execute(delete(suspects).where(where))

# SPDX-License-Identifier: Apache-2.0
"""Reads past events a page at a time, in the order they are replayed in; blocking.

Positions grow in the order of commits; the events of one commit stand in it in any
order. Where that matters a page ends between two commits, and is sorted by the time
each event came in.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, select, text, tuple_

from bridge.model.replay import Phase, Place, Replay, Wanted
from bridge.store.database import Database
from bridge.store.events import StoredEvent, stored_of
from bridge.store.tables import events

SPAN: Final = 20_000
"""So many positions are looked at in one step at most."""

COMMIT: Final = 500
"""So many events stand in one commit at most."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some past events, in their order.

    Attributes:
        events: Of the project, of the time, and of the execution that are wanted.
        end: Where the next page begins.
        is_last: There is none behind it.
    """

    events: Sequence[StoredEvent]
    end: Place
    is_last: bool


class History:
    """The past events of one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> int:
        """Return a position that no event comes to, from now on, at or before."""
        with self._database.write() as connection:
            settle(connection)
            return last_position(connection)

    def page(self, replay: Replay, upto: int, limit: int, *, in_order: bool) -> Page:
        """Return the next events.

        Args:
            replay: Whose; where it is.
            upto: Position of the last event that may be among them.
            limit: About so many, at least 1.
            in_order: Whether the order matters.
        """
        with self._database.read() as connection:
            if replay.is_in_order:
                return _of_execution(connection, replay, upto, limit)
            return _by_position(connection, replay, upto, limit, in_order=in_order)


def settle(connection: Connection) -> None:
    """Wait for those who have taken positions that nobody sees yet; hold others up.

    Until the end of the transaction, which is to be short.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '1s'"))
        connection.execute(text("LOCK TABLE events IN SHARE MODE"))


def last_position(connection: Connection) -> int:
    """Return the position of the last event before those that wait to be routed."""
    queued = connection.scalar(
        select(func.min(events.c.position)).where(events.c.queued)
    )
    if queued is not None:
        return int(queued) - 1
    return connection.scalar(select(func.max(events.c.position))) or 0


def bounds(connection: Connection, wanted: Wanted) -> tuple[int, int]:
    """Return the positions behind which the past that is wanted begins, and ends."""
    last = last_position(connection)
    position, received = events.c.position, events.c.received_at
    if wanted.until is not None:
        before = select(func.max(position)).where(
            received < wanted.until, position <= last
        )
        last = connection.scalar(before) or 0
    if wanted.since is None:
        return 0, last
    first = connection.scalar(
        select(func.min(position)).where(received >= wanted.since)
    )
    return (last if first is None else min(first - 1, last)), last


def clean_cut(times: Sequence[datetime], limit: int) -> int:
    """Return where to cut so that nothing behind is older than what stands before.

    Args:
        times: When events came in, in the order of their positions.
        limit: The last such place up to it is taken; else the first one behind.
    """
    newest_before = list(accumulate(times, max))
    oldest_behind = list(accumulate(reversed(times), min))[::-1]
    cuts = [
        place
        for place in range(1, len(times))
        if newest_before[place - 1] <= oldest_behind[place]
    ]
    near = bisect_right(cuts, limit)
    if near:
        return cuts[near - 1]
    return cuts[0] if cuts else len(times)


def _of_execution(
    connection: Connection, replay: Replay, upto: int, limit: int
) -> Page:
    place = replay.place
    key = tuple_(events.c.received_at, events.c.position)
    query = _wanted(replay).where(events.c.position <= upto)
    if place.received_at is not None:
        query = query.where(key > (place.received_at, place.position))
    query = query.order_by(events.c.received_at, events.c.position).limit(limit)
    found = [stored_of(row) for row in connection.execute(query)]
    if len(found) < limit:
        return Page(found, Place(upto), is_last=True)
    last = found[-1]
    return Page(found, Place(last.position, last.received_at), is_last=False)


def _by_position(
    connection: Connection, replay: Replay, upto: int, limit: int, *, in_order: bool
) -> Page:
    position = events.c.position
    begin, end = replay.place.position, min(upto, replay.place.position + SPAN)
    if in_order and end > begin:
        end = _end_of_commit(connection, begin, end, limit)
    inside = (position > begin) & (position <= end)
    query = _wanted(replay).where(inside).order_by(position)
    if not in_order:
        query = query.limit(limit)
    rows = connection.execute(query).all()
    if not in_order and len(rows) == limit:
        end = rows[-1].position
    found = [stored_of(row) for row in rows]
    if in_order:
        found.sort(key=lambda one: (one.received_at, one.position))
    return Page(found, Place(end), is_last=end >= upto)


def _end_of_commit(connection: Connection, begin: int, end: int, limit: int) -> int:
    """Return a position, about `limit` events on, where no commit is cut in two."""
    position = events.c.position
    query = (
        select(position, events.c.received_at)
        .where(position > begin, position <= end)
        .order_by(position)
        .limit(limit + COMMIT)
    )
    rows = connection.execute(query).all()
    if len(rows) <= limit:
        return end
    cut = clean_cut([row.received_at for row in rows], limit)
    return int(rows[cut - 1].position)


def _wanted(replay: Replay) -> Select[Any]:
    """Return the query of the events that may be wanted."""
    query = select(events).where(events.c.project == replay.project)
    if replay.phase is not Phase.PAST:
        return query
    return query.where(*_limits(replay.wanted))


def _limits(wanted: Wanted) -> list[ColumnElement[bool]]:
    limits = []
    if wanted.since is not None:
        limits.append(events.c.received_at >= wanted.since)
    if wanted.until is not None:
        limits.append(events.c.received_at < wanted.until)
    if wanted.execution_id is not None:
        limits.append(events.c.execution_id == wanted.execution_id)
    return limits

# SPDX-License-Identifier: Apache-2.0
"""Publishes after the commit of somebody's SQLAlchemy session, or never.

Nothing is kept anywhere but in memory: a crash between the commit and the confirm loses
the event. Where that must not be, take the outbox.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Union

from notifier.event import Event

try:
    from sqlalchemy import event as hooks
    from sqlalchemy.orm import Session, SessionTransaction, scoped_session
    from sqlalchemy.util.concurrency import await_only, in_greenlet
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[outbox]") from err

if TYPE_CHECKING:  # it needs greenlet, which a plain session does not
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

AnySession = Union[
    Session, scoped_session[Any], "AsyncSession", "async_scoped_session[Any]"
]
Publish = Callable[[Sequence[Event]], object]
"""Blocks until all is done; must not raise: the work is committed already."""

_KEY: Final = "workflow_notifier"


def after_commit(session: AnySession, publish: Publish, event: Event) -> None:
    """Have an event published once the session's transaction is committed.

    What is rolled back to a savepoint, or altogether, drops the events that were
    handed over within. All that one commit sets free is published in one call, in the
    order in which it was handed over, when the session has given its connection back.

    Args:
        session: Its own commit counts, also where it joined a transaction that
            somebody else ends.
        publish: Called in the thread that commits; for an asynchronous session in
            another one, while the commit is awaited.
        event: To be published.
    """
    plain = _plain(session)
    waiting = plain.info.get(_KEY)
    if waiting is None:
        waiting = plain.info[_KEY] = _Waiting(plain)
    waiting.add(publish, event)


class _Waiting:
    """The events that wait for the transactions of one session, innermost apart."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # Under None stands what was handed over before there was a transaction.
        self._by: dict[SessionTransaction | None, list[tuple[Publish, Event]]] = {}
        self._committed: set[SessionTransaction] = set()
        hooks.listen(session, "after_transaction_create", self._on_create)
        hooks.listen(session, "after_commit", self._on_commit)
        hooks.listen(session, "after_transaction_end", self._on_end)

    def add(self, publish: Publish, event: Event) -> None:
        self._by.setdefault(self._innermost(), []).append((publish, event))

    def _innermost(self) -> SessionTransaction | None:
        session = self._session
        return session.get_nested_transaction() or session.get_transaction()

    def _on_create(self, _: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None and None in self._by:
            self._by[transaction] = self._by.pop(None)

    def _on_commit(self, _: Session) -> None:
        transaction = self._innermost()
        if transaction in self._by and transaction is not None:
            self._committed.add(transaction)

    def _on_end(self, _: Session, transaction: SessionTransaction) -> None:
        ended = self._by.pop(transaction, [])
        if transaction not in self._committed:
            return  # rolled back
        self._committed.remove(transaction)
        if transaction.nested:
            self._by.setdefault(self._innermost(), []).extend(ended)
        else:
            _publish(ended)


def _plain(session: AnySession) -> Session:
    while not isinstance(session, Session):
        # A scoped session is a call away from the real one.
        session = session() if callable(session) else session.sync_session
    return session


def _publish(entries: Sequence[tuple[Publish, Event]]) -> None:
    by_publisher: dict[Publish, list[Event]] = {}
    for publish, event in entries:
        by_publisher.setdefault(publish, []).append(event)
    for publish, events in by_publisher.items():
        if _is_awaited():
            await_only(asyncio.to_thread(publish, events))
        else:
            publish(events)


def _is_awaited() -> bool:
    """Tell whether the commit is that of an asynchronous session."""
    try:
        return in_greenlet()
    except (ImportError, ValueError):  # as SQLAlchemy says that there is no greenlet
        return False

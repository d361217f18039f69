# SPDX-License-Identifier: Apache-2.0
"""What is due is looked for several times a second, however much waits."""

import pytest
from sqlalchemy import event

from bridge.store.journal import MOST_COUNTED, Entry
from tests.stored import MINUTE, NOW, a_delivery, a_listener, an_envelope

LATER = NOW + MINUTE


@pytest.fixture
def listener(stores):
    listener = a_listener()
    stores.listeners.add(listener)
    return listener


@pytest.fixture
def journal(stores):
    return stores.journal()


def parked(listener, event_id="1", due_at=NOW):
    envelope = an_envelope(event_id)
    delivery = a_delivery(envelope, listener, due_at=due_at)
    return Entry(arrived=(envelope, NOW), deliveries=(delivery,))


def test_of_what_is_due_no_more_is_counted_than_helps(journal, listener, stores):
    other = a_listener()
    stores.listeners.add(other)
    journal.write([parked(listener, str(n)) for n in range(MOST_COUNTED + 2)])
    journal.write([parked(other, "later", due_at=LATER)])

    assert journal.due(NOW) == {listener.id: MOST_COUNTED}
    assert journal.due(LATER) == {listener.id: MOST_COUNTED, other.id: 1}


def test_what_is_due_is_found_by_the_index_of_what_is_pending(
    journal, listener, database
):
    journal.write([parked(listener)])
    seen = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *of: seen.append(of[2:4])
    )
    assert journal.due(NOW)
    statement, values = seen[-1]

    with database.read() as connection:
        if database.is_sqlite:
            statement = f"EXPLAIN QUERY PLAN {statement}"
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            statement = f"EXPLAIN {statement}"
        plan = str(connection.exec_driver_sql(statement, values).all())

    assert plan.count("ix_deliveries_due") >= 2
    assert "SCAN deliveries" not in plan
    assert "Seq Scan on deliveries" not in plan

# SPDX-License-Identifier: Apache-2.0
"""What a group commit costs; the bound is far off, the figure is for the page."""

import time

from bridge.model import State
from bridge.store.journal import Entry
from tests import figures
from tests.stored import NOW, a_delivery, a_listener, an_attempt, an_envelope

BATCH = 200
BATCHES = 10
AT_LEAST = 200  # events a second


def batch(listener, number):
    """Return events that were told a listener at once."""
    entries = []
    for place in range(BATCH):
        envelope = an_envelope(f"{number}-{place}")
        delivery = a_delivery(
            envelope, listener, state=State.DELIVERED, due_at=None, attempts=1
        )
        entries.append(Entry((envelope, NOW), (delivery,), (an_attempt(delivery),)))
    return entries


def test_group_commits_keep_up_with_a_bridge(stores):
    listener, journal = a_listener(), stores.journal()
    stores.listeners.add(listener)
    batches = [batch(listener, number) for number in range(BATCHES + 1)]
    journal.write(batches.pop())  # the first one makes the connection

    began = time.monotonic()
    for entries in batches:
        journal.write(entries)
    rate = BATCH * BATCHES / (time.monotonic() - began)

    where = "SQLite" if stores.database.is_sqlite else "PostgreSQL"
    what = f"recorded in {where}, {BATCH} events a commit, each with its attempt"
    figures.note({what: f"{rate:,.0f} events a second"})
    assert rate > AT_LEAST

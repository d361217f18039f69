# SPDX-License-Identifier: Apache-2.0
"""Listeners in a real database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bridge.errors import Conflict, KeyChanged, NotFound, OutOfDate, StoreError
from bridge.model import CallbackSpec, RetryPolicy, State
from bridge.store.journal import Entry
from bridge.store.listeners import ListenerStore
from bridge.store.vault import Vault
from tests.served import OTHER_KEY
from tests.stored import MINUTE, NOW, SECRET, a_delivery, a_listener, an_envelope


@pytest.fixture
def store(stores):
    return stores.listeners


def test_a_listener_comes_back_as_it_was_kept(store):
    listener = a_listener(
        name="pager",
        workbook="orders*",
        workflow="fulfil",
        execution_id="e1",
        task="charge",
        when="$.task.state = ERROR",
        callback=CallbackSpec(
            "http",
            "https://example.org/hook",
            "PUT",
            headers={"X-Token": "t0ps3cret"},
            timeout=timedelta(seconds=2.5),
            options={"a": "b"},
        ),
        retry=RetryPolicy((MINUTE, timedelta(seconds=0.5)), 0.0),
        ordered=True,
        max_in_flight=7,
        enabled=False,
        disabled_reason="410",
    )

    store.add(listener)

    assert store.get(None, listener.id) == listener
    assert store.get("default", listener.id) == listener


def test_secret_and_headers_are_sealed_in_the_database(store, database):
    spec = CallbackSpec("http", "http://h/", headers={"X-Token": "t0ps3cret"})
    store.add(a_listener(callback=spec))

    with database.read() as connection:
        row = repr(connection.execute(text("SELECT * FROM listeners")).one())
    assert "t0ps3cret" not in row
    assert SECRET not in row


def test_another_key_does_not_open_what_was_sealed(store, database):
    listener = a_listener()
    store.add(listener)

    other = ListenerStore(database, Vault(OTHER_KEY))

    with pytest.raises(KeyChanged, match="sealed with another key"):
        other.get(None, listener.id)


def test_a_listener_of_another_project_is_not_found(store):
    listener = a_listener(project="acme")
    store.add(listener)

    with pytest.raises(NotFound, match=listener.id):
        store.get("default", listener.id)


def test_a_name_is_taken_once_in_each_project(store):
    store.add(a_listener(name="pager"))
    store.add(a_listener(name="pager", project="acme"))

    with pytest.raises(Conflict, match="project default has a listener named 'pager'"):
        store.add(a_listener(name="pager"))


def test_many_listeners_need_no_name(store):
    store.add(a_listener())
    store.add(a_listener())

    assert len(store.find(limit=10)) == 2


def test_the_name_of_a_removed_listener_is_free_again(store):
    first, second = a_listener(name="pager"), a_listener(name="pager")
    store.add(first)
    store.remove(first.id, NOW)

    store.add(second)

    assert store.find(limit=10, name="pager") == [second]


def test_pages_follow_each_other_in_the_order_of_ids(store):
    listeners = sorted((a_listener() for _ in range(5)), key=lambda one: one.id)
    for one in reversed(listeners):
        store.add(one)

    first = store.find(limit=2)
    second = store.find(limit=2, after=first[-1].id)
    third = store.find(limit=2, after=second[-1].id)

    assert first + second + third == listeners


def test_only_listeners_that_equal_in_all_are_found(store):
    wanted = a_listener(workbook="orders", enabled=False)
    for one in (
        wanted,
        a_listener(workbook="orders"),
        a_listener(enabled=False),
        a_listener(workbook="orders", enabled=False, project="acme"),
    ):
        store.add(one)

    found = store.find(limit=10, project="default", workbook="orders", enabled=False)

    assert found == [wanted]


def test_a_change_counts_the_revision_up(store):
    listener = a_listener()
    store.add(listener)

    changed = store.change(replace(listener, workbook="orders"), known=1)

    assert changed.revision == 2
    assert store.get(None, listener.id) == changed


def test_a_change_of_an_old_copy_is_refused_and_changes_nothing(store):
    listener = a_listener()
    store.add(listener)
    changed = store.change(replace(listener, workbook="orders"))

    with pytest.raises(OutOfDate, match="at revision 2 now, not at 1"):
        store.change(replace(listener, workbook="stock"), known=1)

    assert store.get(None, listener.id) == changed


def test_a_listener_cannot_take_a_name_that_is_taken(store):
    store.add(a_listener(name="pager"))
    other = a_listener(name="other")
    store.add(other)

    with pytest.raises(Conflict):
        store.change(replace(other, name="pager"))

    assert store.get(None, other.id).name == "other"


def test_a_removed_listener_is_no_more(store):
    listener = a_listener()
    store.add(listener)

    store.remove(listener.id, NOW)

    for act in (
        lambda: store.get(None, listener.id),
        lambda: store.change(listener),
        lambda: store.remove(listener.id, NOW),
    ):
        with pytest.raises(NotFound):
            act()
    assert store.find(limit=10) == []


def test_an_old_copy_does_not_remove(store):
    listener = a_listener()
    store.add(listener)
    store.change(listener)

    with pytest.raises(OutOfDate):
        store.remove(listener.id, NOW, known=1)

    assert store.get(None, listener.id).revision == 2


def test_removing_cancels_what_waits_and_leaves_the_rest(store, stores):
    listener, other = a_listener(), a_listener()
    store.add(listener)
    store.add(other)
    one, two = an_envelope("1"), an_envelope("2")
    waiting = a_delivery(one, listener)
    done = a_delivery(two, listener, state=State.DELIVERED, due_at=None)
    others = a_delivery(one, other)
    stores.journal().write(
        [
            Entry(arrived=(one, NOW), deliveries=(waiting, others)),
            Entry(arrived=(two, NOW), deliveries=(done,)),
        ]
    )

    store.remove(listener.id, NOW + MINUTE)

    found = {one.id: one for one in stores.deliveries.find(limit=10)}
    assert found[waiting.id] == replace(
        waiting,
        state=State.CANCELLED,
        due_at=None,
        reason="the listener was removed",
        updated_at=NOW + MINUTE,
    )
    assert found[done.id] == done
    assert found[others.id] == others


def test_disabling_notes_the_reason(store):
    listener = a_listener()
    store.add(listener)

    store.disable(listener.id, "answered 410 Gone", NOW + MINUTE)

    kept = store.get(None, listener.id)
    assert (kept.enabled, kept.disabled_reason) == (False, "answered 410 Gone")
    assert (kept.revision, kept.updated_at) == (2, NOW + MINUTE)


def test_disabling_one_that_is_no_more_is_quiet(store):
    store.disable(a_listener().id, "answered 410 Gone", NOW)

    assert store.find(limit=10) == []


def test_changes_are_told_once(store):
    kept, removed = a_listener(), a_listener()
    store.add(kept)
    store.add(removed)
    all_there_is = store.changes(0)
    store.remove(removed.id, NOW)
    since = store.changes(all_there_is.version)

    assert {one.id for one in all_there_is.present} == {kept.id, removed.id}
    assert (list(since.present), list(since.removed)) == ([], [removed.id])
    nothing = store.changes(since.version)
    assert (list(nothing.present), list(nothing.removed)) == ([], [])
    assert nothing.version == since.version


def test_changes_made_at_the_same_time_are_all_told(store):
    listeners = [a_listener(name=f"number {n}") for n in range(20)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(store.add, listeners))

    told = store.changes(0)

    assert {one.id for one in told.present} == {one.id for one in listeners}
    assert told.version == 20


def test_of_many_that_take_one_name_at_once_one_wins(store):
    def add(_):
        try:
            store.add(a_listener(name="pager"))
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(4) as threads:
        won = sum(threads.map(add, range(12)))

    assert won == 1
    assert len(store.find(limit=100)) == 1


def test_a_database_that_is_gone_is_an_error_of_the_store(store, database):
    with database.write() as connection:
        connection.execute(text("DROP TABLE listeners"))

    with pytest.raises(StoreError, match="the database refused"):
        store.find(limit=1)

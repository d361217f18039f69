# SPDX-License-Identifier: Apache-2.0
"""``key-rotate``: a real database sealed with another key, whoever works on it."""

import signal

import pytest
import requests
from sqlalchemy import LargeBinary, event

from bridge.client import ClientError
from bridge.errors import KeyChanged, SettingsError
from bridge.store import rotation
from bridge.store.listeners import ListenerStore
from bridge.store.rotation import rotate
from bridge.store.tables import metadata
from bridge.store.vault import KEY_MODE, Vault, claim
from bridge.store.workbooks import Changed, StoredWorkbook, WorkbookStore
from notifier import wire
from notifier.event import Event
from tests.bridges import BridgeProcess
from tests.integration.commands import bridge_command
from tests.killed_work import Killed
from tests.ledger import Ledger
from tests.served import KEY, OTHER_KEY
from tests.stored import NOW, SECRET, a_listener

OLD, NEW = Vault(KEY), Vault(OTHER_KEY)
STATE = {"services": {"pager": {"token": "t0ps3cret"}}}
NOT_SEALED = {
    *("events.body", "attempts.answer", "quarantine.body", "quarantine.message"),
}


@pytest.fixture
def listener():
    return a_listener()


@pytest.fixture
def sealed(database, listener):
    """A database with a listener, a removed one and a workbook, under the old key."""
    claim(database, OLD)
    store = ListenerStore(database, OLD)
    gone = a_listener()
    store.add(listener)
    store.add(gone)
    store.remove(gone.id, NOW)
    workbook = StoredWorkbook("default", "orders", STATE, NOW, NOW)
    WorkbookStore(database, OLD).save(workbook, Changed())
    return database


def secrets_of(database, vault, listener):
    """What a bridge with a key finds."""
    claim(database, vault)
    workbook, _ = WorkbookStore(database, vault).load("default", "orders")
    return ListenerStore(database, vault).get(None, listener.id).secret, workbook.state


def test_all_that_was_sealed_opens_with_the_new_key_and_none_with_the_old(
    sealed, listener
):
    assert rotate(sealed, OLD, NEW) == 3

    assert secrets_of(sealed, NEW, listener) == (SECRET, STATE)
    with sealed.read() as connection:
        for table in rotation.SEALED:
            for row in connection.execute(table.select()):
                with pytest.raises(KeyChanged):
                    OLD.open(row.sealed)
    with pytest.raises(SettingsError, match="were sealed with key"):
        claim(sealed, OLD)


def test_no_sealed_column_is_forgotten():
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, LargeBinary)
    }

    assert {f"{table.name}.sealed" for table in rotation.SEALED} | NOT_SEALED == binary


def test_more_than_a_page_of_rows_is_sealed_anew(database, monkeypatch):
    monkeypatch.setattr(rotation, "PAGE", 3)
    store = ListenerStore(database, OLD)
    for _ in range(7):
        store.add(a_listener())

    assert rotate(database, OLD, NEW) == 7

    assert len(ListenerStore(database, NEW).find(limit=10)) == 7


def test_done_twice_it_is_done_once(sealed, listener):
    rotate(sealed, OLD, NEW)

    assert rotate(sealed, OLD, NEW) is None
    assert secrets_of(sealed, NEW, listener) == (SECRET, STATE)


def test_a_key_that_sealed_nothing_here_changes_nothing(sealed, listener):
    stranger = Vault("c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vyc3RyYW5nZXI=")

    with pytest.raises(SettingsError, match=f"key {OLD.fingerprint}, not with"):
        rotate(sealed, stranger, NEW)

    assert secrets_of(sealed, OLD, listener) == (SECRET, STATE)


def statements_of(database, old, new):
    """Rotate, and return how many statements that took, the commit among them."""
    seen = []
    for moment in ("before_cursor_execute", "commit"):
        event.listen(database.engine, moment, lambda *_: seen.append(1))
    rotate(database, old, new)
    return len(seen)


def test_killed_on_the_way_it_leaves_all_under_the_old_key(
    sealed, database_url, listener
):
    before_commit = statements_of(sealed, OLD, NEW) - 1
    rotate(sealed, NEW, OLD)
    for number in (before_commit // 2, before_commit):
        with Killed("rotate", database_url) as rotation:
            assert rotation.before(number) == -signal.SIGKILL

        assert secrets_of(sealed, OLD, listener) == (SECRET, STATE)

    assert rotate(sealed, OLD, NEW) == 3  # it may be run again


def test_a_bridge_with_the_old_key_seals_nothing_more(sealed, listener):
    old = ListenerStore(sealed, OLD)
    known = old.get(None, listener.id)
    rotate(sealed, OLD, NEW)

    workbook = StoredWorkbook("default", "more", STATE, NOW, NOW)
    for act in (
        lambda: old.add(a_listener()),
        lambda: old.change(known),
        lambda: WorkbookStore(sealed, OLD).save(workbook, Changed()),
        lambda: old.get(None, listener.id),
    ):
        with pytest.raises(KeyChanged, match="start the bridge again"):
            act()

    old.disable(listener.id, "the receiver answered 410 Gone", NOW)  # seals nothing
    assert not ListenerStore(sealed, NEW).get(None, listener.id).enabled


@pytest.fixture
def key_file(tmp_path):
    """A file with the key that bridges have at first."""
    file = tmp_path / "old.key"
    file.touch(0o600)
    file.write_text(KEY)
    return str(file)


def test_a_bridge_at_work_goes_on_telling_and_refuses_changes(
    tmp_path, postgres_url, amqp_url, key_file
):
    old = {"DATABASE_URL": postgres_url, "OS_SECRETS__KEY_FILE": key_file}
    new_file = tmp_path / "new.key"
    new = {**old, "OS_SECRETS__KEY_FILE": str(new_file)}
    with Ledger() as ledger:
        with BridgeProcess(tmp_path, amqp_url, **old) as bridge:
            bridge.add_listener(ledger.url)
            rotated = bridge_command("key-rotate", "--to", str(new_file), **old)
            publish(bridge, "e1")
            ledger.wait_for(["e1"])
            with pytest.raises(ClientError, match="start the bridge again"):
                bridge.add_listener(ledger.url)

        with BridgeProcess(tmp_path, amqp_url, **new) as bridge:
            bridge.add_listener(ledger.url)
            publish(bridge, "e2")
            ledger.wait_for_calls("e2", 2)

    fingerprint = Vault(new_file.read_text()).fingerprint
    assert f"1 rows sealed with key {fingerprint}, not {OLD.fingerprint}" in (
        rotated.stdout
    )
    assert new_file.stat().st_mode & 0o777 == KEY_MODE


def test_a_file_that_a_bridge_works_on_is_refused(tmp_path):
    with BridgeProcess(tmp_path):
        done = bridge_command(
            "key-rotate", "--to", str(tmp_path / "new.key"), HOME=str(tmp_path)
        )

    assert done.returncode == 1
    assert "another bridge works on" in done.stderr


def publish(bridge, event_id):
    url = f"{bridge.url}/v1/events"
    sent = Event.new("task.failed", execution="e1", task="charge", event_id=event_id)
    requests.post(
        url,
        json=wire.to_cloudevent(sent),
        headers={"Content-Type": "application/cloudevents+json"},
        timeout=10,
    ).raise_for_status()

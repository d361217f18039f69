# SPDX-License-Identifier: Apache-2.0
"""The schema, the key and the file of a real database."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from bridge.errors import KeyChanged, SchemaError, SettingsError, StoreError
from bridge.store import schema
from bridge.store.database import Database
from bridge.store.tables import metadata
from bridge.store.vault import Vault, check_key, claim, read_key
from tests.served import KEY, OTHER_KEY

STARTING = 4
STEPS = Path(schema.__file__).with_name("migrations")


def test_the_migrated_schema_is_the_one_in_the_tables(database):
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"target_metadata": metadata, "compare_type": True}
        )
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_each_step_stands_in_a_file_named_by_its_number():
    steps = list(ScriptDirectory(str(STEPS)).walk_revisions())

    assert [Path(one.path).name.partition("_")[0] for one in steps] == [
        one.revision for one in steps
    ]
    assert steps[0].revision == schema.head()


def test_an_empty_database_is_migrated_once(database_url):
    with Database(database_url) as database:
        assert not schema.is_current(database)

        assert schema.migrate(database) is None
        assert schema.migrate(database) == schema.head()

        assert schema.is_current(database)


def test_bridges_that_start_at_once_migrate_and_claim_it_once(database_url):
    together = Barrier(STARTING)

    def start(_):
        with Database(database_url) as database:
            together.wait()
            before = schema.migrate(database)
            claim(database, Vault(KEY))
            return before

    with ThreadPoolExecutor(STARTING) as bridges:
        found = list(bridges.map(start, range(STARTING)))

    assert sorted(found, key=str) == [schema.head()] * (STARTING - 1) + [None]


def test_who_must_not_migrate_is_told_who_may(database_url):
    with Database(database_url) as database:
        with pytest.raises(SchemaError, match=r"is missing, .* run notifier-bridge"):
            schema.require_current(database)

        schema.migrate(database)

        schema.require_current(database)


def test_a_newer_database_is_refused(database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for act in (schema.migrate, schema.is_current):
        with pytest.raises(SchemaError, match="9999 is newer than this release knows"):
            act(database)


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url):
    with Database(database_url) as database:
        with database.write() as connection:
            connection.execute(text("CREATE TABLE listeners (x INTEGER)"))

        with pytest.raises(StoreError):
            schema.migrate(database)

        with database.read() as connection:
            assert inspect(connection).get_table_names() == ["listeners"]


def test_a_write_that_raises_leaves_nothing(database):
    def write():
        with database.write() as connection:
            connection.execute(text("INSERT INTO settings VALUES ('a', 'b')"))
            raise KeyError

    with pytest.raises(KeyError):
        write()

    with database.read() as connection:
        assert connection.execute(text("SELECT * FROM settings")).all() == []


def test_the_first_key_is_noted_and_another_refused(database):
    claim(database, Vault(KEY))

    claim(database, Vault(KEY))
    check_key(database, Vault(KEY))
    for act in (claim, check_key):
        with pytest.raises(SettingsError, match="were sealed with key"):
            act(database, Vault(OTHER_KEY))


def test_a_check_of_the_key_notes_nothing(database):
    check_key(database, Vault(OTHER_KEY))

    claim(database, Vault(KEY))


def test_what_is_sealed_is_opened_by_its_key_only():
    sealed = Vault(KEY).seal({"secret": "x"})

    assert Vault(KEY).open(sealed) == {"secret": "x"}
    with pytest.raises(KeyChanged, match="another key"):
        Vault(OTHER_KEY).open(sealed)
    assert KEY not in repr(Vault(KEY))


@pytest.mark.parametrize("key", ["", "abc", "x" * 44], ids=["none", "short", "odd"])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(SettingsError, match="32 bytes in URL-safe base64"):
        Vault(key)


def test_a_key_file_is_made_for_its_owner_only(tmp_path):
    path = tmp_path / "new" / "bridge.key"

    key = read_key(path)

    assert read_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    Vault(key)


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "bridge.key"
    read_key(path)
    path.chmod(0o640)

    with pytest.raises(SettingsError, match=r"may be read by others \(mode 0640\)"):
        read_key(path)


def test_a_key_file_that_cannot_be_made_is_an_error_of_settings(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="key_file"):
        read_key(tmp_path / "file" / "bridge.key")


def test_a_folder_that_cannot_be_made_is_an_error_of_settings(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"\[database\] url"):
        Database(f"sqlite:///{tmp_path}/file/bridge.sqlite3")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "is no database URL"),
        ("mysql://h/x", "mysql is not supported"),
        ("sqlite://", "give SQLite a file"),
        ("sqlite:///:memory:", "give SQLite a file"),
    ],
)
def test_a_url_that_no_bridge_can_use_is_refused(url, reason):
    with pytest.raises(SettingsError, match=reason):
        Database(url)


def test_postgresql_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(SettingsError, match=r"workflow-notifier\[postgresql\]"):
        Database("postgresql://h/x")

# SPDX-License-Identifier: Apache-2.0
"""Opens the database for a bridge: migrated, its key checked, its leases sorted out."""

import logging
import os
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bridge.replay.course import Archive
from bridge.settings import Settings
from bridge.store import jumps, schema
from bridge.store.batches import BatchStore
from bridge.store.clock import Clock
from bridge.store.database import Database
from bridge.store.deliveries import DeliveryStore
from bridge.store.events import EventStore
from bridge.store.glance import GlanceStore
from bridge.store.history import History
from bridge.store.journal import Journal
from bridge.store.lanes import LaneStore
from bridge.store.listeners import ListenerStore
from bridge.store.lock import alone
from bridge.store.quarantine import QuarantineStore
from bridge.store.replays import ReplayStore
from bridge.store.retelling import Retelling
from bridge.store.retention import RetentionStore
from bridge.store.sequences import SequenceStore
from bridge.store.suspects import SuspectStore
from bridge.store.tokens import TokenStore
from bridge.store.vault import Vault, claim, read_key
from bridge.store.workbooks import WorkbookStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stores:
    """All that is kept, open.

    Attributes:
        name: Of the database, for people; holds no password.
        executor: One thread, for all that the journal is asked.
    """

    name: str
    listeners: ListenerStore
    workbooks: WorkbookStore
    events: EventStore
    deliveries: DeliveryStore
    journal: Journal
    batches: BatchStore
    retention: RetentionStore
    replays: ReplayStore
    archive: Archive
    suspects: SuspectStore
    quarantine: QuarantineStore
    sequences: SequenceStore
    tokens: TokenStore
    lanes: LaneStore
    glance: GlanceStore
    vault: Vault
    clock: Clock
    executor: ThreadPoolExecutor


@contextmanager
def open_stores(settings: Settings) -> Iterator[Stores]:
    """Open the database, and close it at the end; blocking.

    Raises:
        SettingsError: The URL or the key is wrong, or another bridge is at work on a
            file that takes only one.
        StoreError: The database did not answer, or its schema is not this code's.
    """
    with ExitStack() as stack:
        database = stack.enter_context(Database(settings.database.url))
        if database.file is not None:
            stack.enter_context(alone(database.file))
        if settings.database.migrate:
            schema.migrate(database)
        else:
            schema.require_current(database)
        vault = vault_of(settings)
        claim(database, vault)
        clock = Clock(database)
        clock.synchronise()
        owner = _owner()
        journal = Journal(database, owner)
        replays = ReplayStore(database, owner)
        if database.file is not None:
            _follow_clock(database, clock)
            journal.release(clock.now())
            replays.release()
        executor = stack.enter_context(ThreadPoolExecutor(1, "journal"))
        stack.callback(
            database.break_off
        )  # else a database that hangs holds the end up
        listeners = ListenerStore(database, vault, settings.quotas.listeners)
        yield Stores(
            name=database.name,
            listeners=listeners,
            workbooks=WorkbookStore(database, vault, settings.quotas.listeners),
            events=EventStore(database),
            deliveries=DeliveryStore(database),
            journal=journal,
            batches=BatchStore(database, owner),
            retention=RetentionStore(database),
            replays=replays,
            archive=Archive(
                replays, History(database), Retelling(database, owner), listeners
            ),
            suspects=SuspectStore(database, owner),
            quarantine=QuarantineStore(database),
            sequences=SequenceStore(database),
            tokens=TokenStore(database),
            lanes=LaneStore(database),
            glance=GlanceStore(database),
            vault=vault,
            clock=clock,
            executor=executor,
        )


def vault_of(settings: Settings) -> Vault:
    """Return what seals with the key that is set, or with that of the key file.

    Raises:
        SettingsError: The key is none, or its file cannot be used.
    """
    key = settings.secrets.key
    return Vault(read_key(settings.secrets.key_file) if key is None else key)


def _follow_clock(database: Database, clock: Clock) -> None:
    jump = jumps.follow(database, clock.zero)
    if jump:
        _log.warning("the clock was set", extra={"seconds": jump.total_seconds()})


def _owner() -> str:
    """Return a name that no other bridge has, and that tells a person where it is."""
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"

# SPDX-License-Identifier: Apache-2.0
"""Databases that are taken away from a bridge, in many ways, and given back."""

import sqlite3
import subprocess
import time
from contextlib import ExitStack, contextmanager

from tests.conftest import private_cluster
from tests.load import Load
from tests.servers.disk import CannotMount, SmallDisk

SOME = 200
SETTLED_SECONDS = 1.5
DISK_MEGABYTES = 160
SMALL = {"min_wal_size": "32MB", "max_wal_size": "48MB"}
FILE_BYTES = 8192


class Stopped:
    """PostgreSQL is shut down, and started again.

    Attributes:
        url: Of the database.
        lasts: Seconds.
    """

    said = "PostgreSQL stopped"
    lasts = 4

    def __init__(self, cluster):
        self.url = cluster.url
        self.cluster = cluster

    def begin(self, _):
        """Take the database away from a bridge."""
        self.cluster.halt()

    def end(self, _):
        """Give it back."""
        self.cluster.start()


class Killed(Stopped):
    """All processes of the server are killed."""

    said = "PostgreSQL killed"
    lasts = 4

    def begin(self, _):
        self.cluster.kill()


class Frozen(Stopped):
    """The server hangs: its connections stay open, nothing answers."""

    said = "PostgreSQL frozen"
    lasts = 4

    def begin(self, _):
        self.cluster.freeze()

    def end(self, _):
        self.cluster.thaw()


class FullDisk(Stopped):
    """There is no room left for the server's files."""

    said = "PostgreSQL out of disk"
    lasts = 4

    def __init__(self, cluster, disk):
        super().__init__(cluster)
        self.disk = disk

    def begin(self, _):
        self.disk.fill()

    def end(self, _):
        self.disk.free()
        self._look_after()

    def _look_after(self):
        if self.cluster.pid is None:
            self.cluster.start()


class LimitedFiles(FullDisk):
    """The same, where nobody may mount a small disk."""

    def __init__(self, cluster):
        Stopped.__init__(self, cluster)

    def begin(self, _):
        self.cluster.limit_files(FILE_BYTES)

    def end(self, _):
        self.cluster.kill()
        self._look_after()


class Locked:
    """Another process writes to SQLite's file, and does not come to an end."""

    said = "SQLite locked"
    lasts = 4

    def __init__(self, file):
        self.url = f"sqlite:///{file}"
        self._file = file
        self._other = None

    def begin(self, _):
        self._other = sqlite3.connect(self._file, isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def end(self, _):
        self._other.execute("ROLLBACK")
        self._other.close()


class FullFile:
    """SQLite's files can grow no more.

    A full disk would still let SQLite write over what it needs no longer.
    """

    said = "SQLite out of disk"
    lasts = 4

    def __init__(self, file):
        self.url = f"sqlite:///{file}"

    def begin(self, bridge):
        self._limit(bridge, str(FILE_BYTES))

    def end(self, bridge):
        self._limit(bridge, "unlimited")

    def _limit(self, bridge, size):
        # the soft limit alone: so it may be raised again
        command = ["prlimit", f"--fsize={size}:", "--pid", str(bridge.pid)]
        subprocess.run(command, check=bridge.runs)


@contextmanager
def prepared(kind, folder):
    """Give an outage of a database of its own."""
    with ExitStack() as stack:
        if kind in (Locked, FullFile):
            yield kind(folder / "bridge.sqlite3")
            return
        if kind is not FullDisk:
            yield kind(stack.enter_context(private_cluster()))
            return
        try:
            disk = stack.enter_context(SmallDisk(DISK_MEGABYTES))
        except CannotMount:
            yield LimitedFiles(stack.enter_context(private_cluster(**SMALL)))
        else:
            cluster = private_cluster(folder=disk.path, **SMALL)
            yield FullDisk(stack.enter_context(cluster), disk)


def ride_out(bridge, outage, ledger, amqp_url):
    """Let an outage pass under load, until all that was published is recorded.

    Returns:
        The ids of what was published, and the seconds that the bridge took to notice
        and to resume.
    """
    pace = outage.lasts / SOME  # as many events come in each outage
    with Load(amqp_url, pace_seconds=pace) as load:
        load.wait_for(SOME)
        ledger.wait_for(load.confirmed[:SOME])

        noticed = seconds_to_notice(bridge, outage)
        _let_pass(SETTLED_SECONDS)
        before = len(ledger.ids)
        _let_pass(outage.lasts)
        assert len(ledger.ids) == before
        resumed = seconds_to_resume(bridge, outage)
        load.wait_for_more(SOME)

    ledger.wait_for(load.confirmed)
    bridge.wait_until_delivered(load.confirmed)
    return load.confirmed, noticed, resumed


def _let_pass(seconds):
    time.sleep(seconds)  # an outage has no end to wait for


def seconds_to_notice(bridge, outage):
    """Let the outage begin, and tell how long the bridge says that it is ready."""
    began = time.monotonic()
    outage.begin(bridge)
    bridge.wait_until(lambda: not bridge.is_ready())
    return time.monotonic() - began


def seconds_to_resume(bridge, outage):
    """Let the outage end, and tell how long the bridge is not ready from then on."""
    outage.end(bridge)
    began = time.monotonic()
    bridge.wait_until_ready()
    return time.monotonic() - began

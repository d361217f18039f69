# SPDX-License-Identifier: Apache-2.0
"""Bridges on a real PostgreSQL that is stopped, killed, frozen or out of disk.

An outage lasts some seconds here; a bridge does the same in each of them, so that one
of half a minute or an hour would be no other test.
"""

import time
from collections import Counter
from contextlib import ExitStack

import pytest

from bridge.model import State
from tests import figures
from tests.bridges import BridgeProcess
from tests.conftest import private_cluster
from tests.ledger import Ledger
from tests.load import Load
from tests.servers.disk import CannotMount, SmallDisk

NOTICED_WITHIN_SECONDS = 5
RESUMED_WITHIN_SECONDS = 10
ENDED_WITHIN_SECONDS = 25  # below the usual grace time; its waits make about 11
SETTLED_SECONDS = 1.5
SOME = 200
DISK_MEGABYTES = 160
SMALL = {"min_wal_size": "32MB", "max_wal_size": "48MB"}


@pytest.fixture
def ledger():
    with Ledger() as ledger:
        yield ledger


class Stopped:
    """The server is shut down, and started again.

    Attributes:
        lasts: Seconds.
    """

    said = "stopped"
    lasts = 30

    def __init__(self, cluster):
        self.cluster = cluster

    def begin(self):
        self.cluster.halt()

    def end(self):
        self.cluster.start()


class Killed(Stopped):
    """All processes of the server are killed."""

    said = "killed"
    lasts = 4

    def begin(self):
        self.cluster.kill()


class Frozen(Stopped):
    """The server hangs: its connections stay open, nothing answers."""

    said = "frozen"
    lasts = 4

    def begin(self):
        self.cluster.freeze()

    def end(self):
        self.cluster.thaw()


class FullDisk(Stopped):
    """There is no room left for the server's files."""

    said = "out of disk"
    lasts = 4

    def __init__(self, cluster, disk):
        super().__init__(cluster)
        self.disk = disk

    def begin(self):
        self.disk.fill()

    def end(self):
        self.disk.free()
        self._look_after()

    def _look_after(self):
        if self.cluster.pid is None:
            self.cluster.start()


class LimitedFiles(FullDisk):
    """The same, where nobody may mount a small disk."""

    def __init__(self, cluster):
        Stopped.__init__(self, cluster)

    def begin(self):
        self.cluster.limit_files(8192)

    def end(self):
        self.cluster.kill()
        self._look_after()


@pytest.fixture
def outage(request):
    """What happens to a private server."""
    with ExitStack() as stack:
        if request.param is not FullDisk:
            yield request.param(stack.enter_context(private_cluster()))
            return
        try:
            disk = stack.enter_context(SmallDisk(DISK_MEGABYTES))
        except CannotMount:
            yield LimitedFiles(stack.enter_context(private_cluster(**SMALL)))
        else:
            cluster = private_cluster(folder=disk.path, **SMALL)
            yield FullDisk(stack.enter_context(cluster), disk)


def happens(*kinds):
    return pytest.mark.parametrize(
        "outage", kinds, ids=lambda kind: kind.__name__, indirect=True
    )


@pytest.fixture
def bridge(tmp_path, amqp_url, outage, ledger):
    url = outage.cluster.url
    with BridgeProcess(tmp_path, amqp_url, DATABASE_URL=url) as bridge:
        bridge.add_listener(ledger.url, project="acme")
        yield bridge


def let_pass(seconds):
    """Time itself is what matters."""
    time.sleep(seconds)  # an outage has no end to wait for


def seconds_to_notice(bridge, outage):
    """Let the outage begin, and tell how long the bridge says that it is ready."""
    began = time.monotonic()
    outage.begin()
    bridge.wait_until(lambda: not bridge.is_ready())
    return time.monotonic() - began


def seconds_to_resume(bridge, outage):
    """Let the outage end, and tell how long the bridge is not ready from then on."""
    outage.end()
    began = time.monotonic()
    bridge.wait_until_ready()
    return time.monotonic() - began


@happens(Stopped, Killed, Frozen, FullDisk)
def test_known_outcomes_are_neither_lost_nor_repeated(bridge, outage, ledger, amqp_url):
    pace = outage.lasts / 200  # as many events come in each outage
    with Load(amqp_url, pace_seconds=pace) as load:
        load.wait_for(SOME)
        ledger.wait_for(load.confirmed[:SOME])

        noticed = seconds_to_notice(bridge, outage)
        let_pass(SETTLED_SECONDS)
        before = len(ledger.ids)
        let_pass(outage.lasts)
        assert len(ledger.ids) == before
        resumed = seconds_to_resume(bridge, outage)
        load.wait_for_more(SOME)

    ledger.wait_for(load.confirmed)
    everything = dict.fromkeys(load.confirmed, State.DELIVERED)
    bridge.wait_until(lambda: bridge.states() == everything)
    calls = Counter(len(ids) for ids in ledger.ids.values())
    what = f"PostgreSQL {outage.said}"
    figures.note(
        {
            f"{what}: `/readyz` answers 503 after": figures.seconds(noticed),
            f"{what}: ready again after": figures.seconds(resumed),
            f"{what}: events told twice": calls.total() - calls[1],
        }
    )
    assert noticed < NOTICED_WITHIN_SECONDS
    assert resumed < RESUMED_WITHIN_SECONDS
    assert calls == {1: len(load.confirmed)}


@happens(Stopped, Killed, Frozen, FullDisk, LimitedFiles)
def test_nothing_is_acked_that_is_not_recorded(bridge, outage, ledger, amqp_url):
    """A bridge that is killed in the middle of it leaves everything to the next."""
    with Load(amqp_url) as load:
        load.wait_for(SOME)
        outage.begin()
        bridge.wait_until(lambda: not bridge.is_ready())
        load.wait_for_more(SOME)
        bridge.kill()

    outage.end()
    bridge.start()

    ledger.wait_for(load.confirmed)
    everything = dict.fromkeys(load.confirmed, State.DELIVERED)
    bridge.wait_until(lambda: bridge.states() == everything)
    assert {len(set(ids)) for ids in ledger.ids.values()} == {1}


@happens(Frozen)
def test_a_bridge_that_has_nothing_to_do_notices_too(bridge, outage):
    noticed = seconds_to_notice(bridge, outage)
    resumed = seconds_to_resume(bridge, outage)

    assert noticed < NOTICED_WITHIN_SECONDS
    assert resumed < RESUMED_WITHIN_SECONDS


@happens(Frozen)
def test_a_database_that_hangs_does_not_hold_up_the_end(
    bridge, outage, ledger, amqp_url
):
    with Load(amqp_url) as load:
        load.wait_for(SOME)
        seconds_to_notice(bridge, outage)
    began = time.monotonic()
    bridge.terminate()

    assert bridge.end() == 0
    assert time.monotonic() - began < ENDED_WITHIN_SECONDS
    outage.end()
    bridge.start()
    ledger.wait_for(load.confirmed)

# SPDX-License-Identifier: Apache-2.0
"""Bridges on a database that is stopped, killed, frozen, locked or out of disk.

An outage lasts some seconds here; a bridge does the same in each of them, so that one
of half a minute or an hour would be no other test.
"""

import time
from collections import Counter

import pytest

from tests import figures, outages
from tests.bridges import BridgeProcess
from tests.load import Load
from tests.outages import (
    Frozen,
    FullDisk,
    FullFile,
    Killed,
    LimitedFiles,
    Locked,
    Stopped,
    ride_out,
    seconds_to_notice,
    seconds_to_resume,
)

NOTICED_WITHIN_SECONDS = 5
RESUMED_WITHIN_SECONDS = 10
ENDED_WITHIN_SECONDS = 25  # below the usual grace time; its waits make about 11
SOME = 200


@pytest.fixture
def outage(request, tmp_path):
    """What happens to a database of the test's own."""
    with outages.prepared(request.param, tmp_path) as outage:
        yield outage


def happens(*kinds):
    return pytest.mark.parametrize(
        "outage", kinds, ids=lambda kind: kind.__name__, indirect=True
    )


@pytest.fixture
def bridge(tmp_path, amqp_url, outage, ledger):
    with BridgeProcess(tmp_path, amqp_url, DATABASE_URL=outage.url) as bridge:
        bridge.add_listener(ledger.url, project="acme")
        yield bridge


@happens(Stopped, Killed, Frozen, FullDisk, Locked, FullFile)
def test_known_outcomes_are_neither_lost_nor_repeated(bridge, outage, ledger, amqp_url):
    names, noticed, resumed = ride_out(bridge, outage, ledger, amqp_url)

    calls = Counter(len(ids) for ids in ledger.ids.values())
    what = outage.said
    figures.note(
        {
            f"{what}: `/readyz` answers 503 after": figures.seconds(noticed),
            f"{what}: ready again after": figures.seconds(resumed),
            f"{what}: events told twice": calls.total() - calls[1],
        }
    )
    assert noticed < NOTICED_WITHIN_SECONDS
    assert resumed < RESUMED_WITHIN_SECONDS
    assert calls == {1: len(names)}


@happens(Stopped, Killed, Frozen, FullDisk, LimitedFiles, FullFile)
def test_nothing_is_acked_that_is_not_recorded(bridge, outage, ledger, amqp_url):
    """A bridge that is killed in the middle of it leaves everything to the next."""
    with Load(amqp_url) as load:
        load.wait_for(SOME)
        outage.begin(bridge)
        bridge.wait_until(lambda: not bridge.is_ready())
        load.wait_for_more(SOME)
        bridge.kill()

    outage.end(bridge)
    bridge.start()

    ledger.wait_for(load.confirmed)
    bridge.wait_until_delivered(load.confirmed)
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
    outage.end(bridge)
    bridge.start()
    ledger.wait_for(load.confirmed)

# SPDX-License-Identifier: Apache-2.0
"""A database that is away for a minute; `make test` has the same for some seconds."""

from collections import Counter

import pytest

from tests import figures, outages
from tests.bridges import BridgeProcess
from tests.ledger import Ledger
from tests.soak.extent import EXTENT

MINUTE = 60
SQLITE_SECONDS = 25  # it gives up by itself after 10
SERVER = (outages.Stopped, outages.Frozen)
NOTICED_WITHIN_SECONDS = 5
RESUMED_WITHIN_SECONDS = 10


def pytest_generate_tests(metafunc):
    server = () if metafunc.config.stash[EXTENT].is_short else SERVER
    kinds = (outages.Locked, *server)
    metafunc.parametrize("kind", kinds, ids=lambda kind: kind.__name__)


@pytest.mark.timeout(300)
def test_a_minute_without_database_neither_loses_nor_repeats_anything(
    kind, note, tmp_path, amqp_url
):
    with (
        outages.prepared(kind, tmp_path) as outage,
        Ledger() as ledger,
        BridgeProcess(tmp_path, amqp_url, DATABASE_URL=outage.url) as bridge,
    ):
        outage.lasts = SQLITE_SECONDS if kind is outages.Locked else MINUTE
        bridge.add_listener(ledger.url, project="acme")
        names, noticed, resumed = outages.ride_out(bridge, outage, ledger, amqp_url)

    calls = Counter(len(ids) for ids in ledger.ids.values())
    what = f"{outage.said} for {outage.lasts} s"
    note(
        {
            f"{what}: `/readyz` answers 503 after": figures.seconds(noticed),
            f"{what}: ready again after": figures.seconds(resumed),
            f"{what}: events told twice": calls.total() - calls[1],
        }
    )
    assert noticed < NOTICED_WITHIN_SECONDS
    assert resumed < RESUMED_WITHIN_SECONDS
    assert calls == {1: len(names)}

# SPDX-License-Identifier: Apache-2.0
"""A database that is away for a minute; `make test` has the same for some seconds."""

from collections import Counter

import pytest

from tests import figures, outages
from tests.bridges import BridgeProcess
from tests.ledger import Ledger

LASTS = {
    outages.Stopped: 60,
    outages.Frozen: 60,
    outages.Locked: 25,  # SQLite itself gives up after 10
}
SHORT_SECONDS = 15
NOTICED_WITHIN_SECONDS = 5
RESUMED_WITHIN_SECONDS = 10


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", LASTS, ids=lambda kind: kind.__name__)
def test_a_minute_without_database_neither_loses_nor_repeats_anything(
    kind, extent, note, tmp_path, amqp_url
):
    with (
        outages.prepared(kind, tmp_path) as outage,
        Ledger() as ledger,
        BridgeProcess(tmp_path, amqp_url, DATABASE_URL=outage.url) as bridge,
    ):
        outage.lasts = SHORT_SECONDS if extent.is_short else LASTS[kind]
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

# SPDX-License-Identifier: Apache-2.0
"""100,000 wait for an endpoint that is away, and all arrive when it is back."""

import pytest

from tests import figures
from tests.backlog import outage
from tests.served import KEY

GROWS_AT_MOST_MIB = 100  # ids of the last 100,000 events are kept in mind
TOLD_WITHIN_SECONDS = 1200


@pytest.mark.timeout(2400)
def test_so_many_wait_and_memory_stays_flat(
    tmp_path, amqp_url, postgres_url, extent, note
):
    seen = outage(
        tmp_path,
        amqp_url,
        extent.events,
        TOLD_WITHIN_SECONDS,
        DATABASE_URL=postgres_url,
        OS_SECRETS__KEY=KEY,
        OS_CALLBACKS__CLIENT=extent.client,
    )

    grown = seen.full - seen.before
    what = f"{extent.events:,} waiting for a dead endpoint"
    note(
        {f"{what}: memory": f"{seen.full:.0f} MiB, {grown:.0f} more than with a fifth"}
    )
    note({f"{what}: told, once it is back, in": figures.seconds(seen.returned)})
    assert grown <= GROWS_AT_MOST_MIB
    assert seen.told_twice == 0

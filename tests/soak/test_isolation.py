# SPDX-License-Identifier: Apache-2.0
"""Healthy endpoints beside dead and slow ones, held to what is promised."""

import pytest

from tests import rush
from tests.served import KEY

EVENTS = 1000
SHORT_EVENTS = 300
P99_SECONDS = 1.0
RATE_KEPT = 0.9


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", ["threads", "loop"])
def test_20_healthy_endpoints_beside_4_dead_or_slow_ones_are_told_as_if_alone(  # noqa: PLR0917 - fixtures
    tmp_path, amqp_url, postgres_url, client, extent, note
):
    count = SHORT_EVENTS if extent.is_short else EVENTS
    settings = {"DATABASE_URL": postgres_url, "OS_SECRETS__KEY": KEY}

    alone, beside = rush.alone_and_beside(tmp_path, amqp_url, client, count, **settings)

    note(rush.told(client, alone, beside))
    assert beside.p99 <= P99_SECONDS
    assert beside.rate >= RATE_KEPT * alone.rate

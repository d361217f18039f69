# SPDX-License-Identifier: Apache-2.0
"""Thousands wait for an endpoint that is away: in the database, not in memory."""

from tests import figures
from tests.backlog import outage

WAITING = 5000
GROWS_AT_MOST_MIB = 40
TOLD_WITHIN_SECONDS = 120


def test_5000_that_wait_cost_neither_memory_nor_attempts_and_all_arrive(
    tmp_path, amqp_url
):
    seen = outage(tmp_path, amqp_url, WAITING, TOLD_WITHIN_SECONDS)

    grown = seen.full - seen.before
    what = f"{WAITING:,} waiting for a dead endpoint"
    figures.note(
        {
            f"{what}: memory": f"{seen.full:.0f} MiB, {grown:.0f} more than with 1,000",
            f"{what}: attempts meanwhile": seen.attempts,
            f"{what}: all told, once it is back, in": figures.seconds(seen.returned),
        }
    )
    assert grown <= GROWS_AT_MOST_MIB
    assert seen.attempts <= WAITING / 10
    assert seen.told_twice == 0

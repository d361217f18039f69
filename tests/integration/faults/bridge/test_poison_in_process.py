# SPDX-License-Identifier: Apache-2.0
"""Without a broker, too, an event that kills whoever handles it is found out."""

from contextlib import suppress
from datetime import timedelta

from bridge.client import NoAnswer
from notifier.errors import PublishError
from notifier.publishers.http import HttpPublisher
from tests import figures
from tests.bridges import BridgeProcess
from tests.integration.faults.bridge.test_poison import (
    CRASHES_AT_MOST,
    LOOK_SECONDS,
    POISON,
    Assassin,
)
from tests.load import TIMEOUT, an_event

BEFORE = [f"before-{number}" for number in range(20)]
BESIDE = [f"beside-{number}" for number in range(20)]
SHORT = timedelta(seconds=1)


def is_set_aside(bridge):
    """Tell whether a bridge is there to be asked, and has set something aside."""
    try:
        return bool(bridge.quarantine())
    except NoAnswer:
        return False


def test_an_event_of_the_table_that_kills_is_set_aside_and_all_others_are_told(
    tmp_path,
):
    with Assassin() as assassin, BridgeProcess(tmp_path) as bridge:
        assassin.victim = bridge
        bridge.add_listener(assassin.url, project="acme", max_in_flight=1000)
        with (
            HttpPublisher(bridge.url) as publisher,
            suppress(PublishError),  # nobody may be left to answer
        ):
            events = map(an_event, [*BEFORE, POISON, *BESIDE])
            publisher.publish(list(events), timeout=SHORT)

        while not is_set_aside(bridge):
            if not bridge.runs:  # it may be killed before it is ready
                bridge.launch()
            assassin.killed.wait(LOOK_SECONDS)
            assassin.killed.clear()
        with HttpPublisher(bridge.url) as publisher:
            publisher.publish([an_event("after")], timeout=TIMEOUT)
        everybody = {*BEFORE, *BESIDE, "after"}
        bridge.wait_until(lambda: assassin.told == everybody)
        (copy,) = bridge.quarantine()

    assert copy["headers"]["cloudEvents_id"] == POISON
    assert "died 3 times" in copy["reason"]
    figures.note({"an event of the table that kills: bridges killed": assassin.kills})
    assert assassin.kills <= CRASHES_AT_MOST

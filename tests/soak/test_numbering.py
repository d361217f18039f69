# SPDX-License-Identifier: Apache-2.0
"""Without a broker, an event that kills whoever numbers it is found out by the bridges."""

from contextlib import suppress
from datetime import timedelta

import pytest

from bridge.client import NoAnswer
from notifier.errors import PublishError
from notifier.publishers.http import HttpPublisher
from tests.architecture.tree import ROOT
from tests.bridges import BridgeProcess
from tests.dying_at_numbering import DEADLY
from tests.load import TIMEOUT, an_event
from tests.tally import Tally

BEFORE = [f"before-{number}" for number in range(300)]
BESIDE = [f"beside-{number}" for number in range(300)]
SHORT = timedelta(seconds=1)
DEATHS_AT_MOST = 5


def has_set_aside(bridge):
    """Tell whether a bridge answers, and has set something aside."""
    try:
        return bool(bridge.quarantine())
    except NoAnswer:
        return False


def start_until_set_aside(bridge):
    """Start it again whenever it has died; return how often that was."""
    deaths = 0
    while not has_set_aside(bridge):
        if not bridge.runs:
            deaths += 1
            bridge.launch()
    return deaths


@pytest.mark.timeout(300)
def test_an_event_that_kills_who_numbers_it_is_set_aside_and_order_is_kept(
    tmp_path, note
):
    names = [*BEFORE, DEADLY, *BESIDE]
    others = [*BEFORE, *BESIDE]
    events = {name: an_event(name) for name in names}
    program = {"program": "tests.dying_at_numbering", "PYTHONPATH": str(ROOT)}
    with Tally() as tally, BridgeProcess(tmp_path, **program) as bridge:
        bridge.add_listener(tally.url, project="acme", ordered=True)
        with (
            HttpPublisher(bridge.url) as publisher,
            suppress(PublishError),  # nobody may be left to answer
        ):
            publisher.publish(list(events.values()), timeout=SHORT)
        deaths = start_until_set_aside(bridge)
        with HttpPublisher(bridge.url) as publisher:  # the answer died with the bridge
            publisher.publish([events[name] for name in others], timeout=TIMEOUT)
        tally.wait_for(others)
        (aside,) = bridge.quarantine()

    note({"an event that kills who numbers it: bridges killed": deaths})
    assert aside["headers"]["cloudEvents_id"] == DEADLY
    assert deaths <= DEATHS_AT_MOST
    assert list(tally.calls) == others

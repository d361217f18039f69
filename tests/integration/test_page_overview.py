# SPDX-License-Identifier: Apache-2.0
"""The page's overview names the endpoints that are left alone."""

import re
from datetime import UTC, datetime
from functools import partial

import pytest

from bridge.model import ListenerId
from bridge.model.lane_state import BreakerState, LaneState
from tests.browsing import Browser, keep_in
from tests.stored import an_envelope


@pytest.fixture
def browser(api):
    return Browser(api.url)


@pytest.fixture
def keep(api):
    return partial(keep_in, api, an_envelope("1"))


def test_the_overview_names_who_is_left_alone(browser, api, keep):
    now = datetime.now(UTC)
    for name in ("shop front", "pager"):
        listener, _ = keep(name=name, enabled=name != "pager")
        breaker = {"breaker": BreakerState.OPEN, "since": now, "reason": "refused"}
        state = LaneState(listener.id, **breaker)
        api.parts.lane_store.write([state], [], now)

    page = browser.get("/").text

    assert re.findall(r">([^<]*)</a></strong> has been left alone", page) == [
        "shop front"
    ]


def test_who_is_left_alone_is_named_however_many_others_are_not_well(
    browser, api, keep
):
    now = datetime.now(UTC)
    slow = [LaneState(ListenerId(f"slow-{number}"), limit=1) for number in range(200)]
    api.parts.lane_store.write(slow, [], now)
    listener, _ = keep(name="shop front")
    state = LaneState(listener.id, breaker=BreakerState.OPEN, since=now, reason="503")
    api.parts.lane_store.write([state], [], now)

    assert "shop front</a></strong> has been left alone" in browser.get("/").text

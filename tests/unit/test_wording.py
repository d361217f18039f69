# SPDX-License-Identifier: Apache-2.0
"""What commands say of a listener's endpoint."""

import pytest

from bridge.cli.wording import calls_of, state_of

CLOSED = {"state": "closed", "reason": None, "limit": 64}
OPEN = {"state": "open", "reason": "connection refused", "limit": 1}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "enabled"),
        ({"breaker": CLOSED}, "enabled"),
        ({"breaker": OPEN}, "enabled, breaker open: connection refused"),
        ({"enabled": False, "breaker": OPEN}, "disabled"),
        ({"enabled": False, "disabled_reason": "it failed"}, "disabled: it failed"),
    ],
    ids=range(5),
)
def test_the_state_tells_why_a_listener_is_not_told(members, words):
    listener = {"enabled": True, "disabled_reason": None, **members}

    assert state_of(listener) == words


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "64 at a time"),
        ({"rate_per_second": 2.5}, "64 at a time, 2.5 a second"),
        ({"breaker": CLOSED}, "64 at a time"),
        ({"breaker": OPEN}, "1 at a time for now, of 64"),
    ],
    ids=range(4),
)
def test_calls_are_told_as_they_are_and_as_they_may_be(members, words):
    listener = {"max_in_flight": 64, "rate_per_second": None, **members}

    assert calls_of(listener) == words

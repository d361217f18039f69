# SPDX-License-Identifier: Apache-2.0
"""What is new in a list of deliveries that grows and changes."""

from itertools import islice

import pytest

from bridge.cli import following
from bridge.cli.following import Seen
from bridge.client import ClientError, NoAnswer


def one(name, state="pending", attempts=0):
    return {"id": name, "state": state, "attempt_count": attempts}


def test_at_first_all_is_new_and_the_oldest_comes_first():
    assert Seen().news([one("b"), one("a")]) == [one("a"), one("b")]


def test_what_was_shown_is_shown_again_once_it_has_changed():
    seen = Seen()
    seen.news([one("b"), one("a")])

    assert seen.news([one("b"), one("a")]) == []
    assert seen.news([one("b"), one("a", attempts=1)]) == [one("a", attempts=1)]
    assert seen.news([one("a", "dead", 1)]) == [one("a", "dead", 1)]


def test_the_latest_are_remembered_and_no_more(monkeypatch):
    monkeypatch.setattr(following, "REMEMBERED", 2)
    seen = Seen()
    seen.news([one("c"), one("b"), one("a")])

    assert seen.news([one("c"), one("b")]) == []
    assert seen.news([one("a")]) == [one("a")]


@pytest.fixture
def follow(monkeypatch):
    """Follow answers, and return what is told; an error among them is raised."""
    monkeypatch.setattr(following, "PAUSE_SECONDS", 0)

    def follow(answers, count, note):
        left = iter(answers)

        def ask():
            answer = next(left)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return list(islice(following.follow(ask, note), count))

    return follow


@pytest.mark.parametrize(
    "away",
    [NoAnswer("http://x", "refused"), ClientError(503, "the database is away")],
    ids=["bridge", "database"],
)
def test_whoever_is_away_for_a_while_is_asked_again(follow, away):
    notes = []

    found = follow([[one("a")], away, away, [one("b"), one("a")]], 2, notes.append)

    assert found == [one("a"), one("b")]
    assert notes == [
        f"{away}; it is asked again until it does",
        "the bridge answers again",
    ]


def test_whoever_is_refused_is_told_so(follow):
    with pytest.raises(ClientError):
        follow([[one("a")], ClientError(401, "the token was revoked")], 2, print)

# SPDX-License-Identifier: Apache-2.0
"""What is new in a list of deliveries that grows and changes."""

from bridge.cli import following
from bridge.cli.following import Seen


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

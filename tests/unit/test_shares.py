# SPDX-License-Identifier: Apache-2.0
"""Places shared among endpoints: none takes them all, and none waits for ever."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bridge.callbacks.shares import Shares


def test_four_that_never_let_go_leave_places_for_the_others():
    shares = Shares(64)
    held = Counter()
    for number in range(400):
        name = f"dead {number % 4}"
        held[name] += shares.enter(name, number)

    assert max(held.values()) <= 16
    assert shares.enter("well", 0)
    assert 64 - held.total() >= 10


def test_those_who_wait_have_their_turns():
    shares = Shares(1)
    shares.enter("a", "a0")
    for name in ("a", "a", "b", "c"):
        shares.enter(name, name)

    turns, holder = [], "a"
    for _ in range(4):
        (holder,) = shares.leave(holder)
        turns.append(holder)

    assert turns == ["a", "b", "c", "a"]


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=200),
)
def test_places_are_never_more_than_there_are_and_never_idle(places, steps):
    shares, held, waiting = Shares(places), Counter(), Counter()
    for is_entry, name in steps:
        if is_entry:
            begun = [name] if shares.enter(name, name) else []
            waiting[name] += 1
        elif held[name]:
            held[name] -= 1
            begun = shares.leave(name)
        else:
            continue
        held.update(begun)
        waiting.subtract(begun)

        free = places - held.total()
        assert free >= 0
        could_begin = [
            one for one, count in waiting.items() if count and held[one] < max(1, free)
        ]
        assert not (free and could_begin)

# SPDX-License-Identifier: Apache-2.0
"""A binding accepts what AMQP says it does, and a glob what its stars stand for."""

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from notifier.event_types import matches
from notifier.topology import accepts

_words = st.lists(st.sampled_from(["a", "b", "", "*", "#"]), max_size=6)


def _by_trying_all(binding: Sequence[str], words: Sequence[str]) -> bool:
    if not binding:
        return not words
    first, *rest = binding
    if first == "#":
        lengths = range(len(words) + 1)
        return any(_by_trying_all(rest, words[taken:]) for taken in lengths)
    return bool(words) and first in ("*", words[0]) and _by_trying_all(rest, words[1:])


@given(_words, _words)
def test_a_binding_accepts_what_trying_all_ways_accepts(binding, words):
    # an empty text has no word, so a single empty word cannot be written
    expected = _by_trying_all(
        [] if binding == [""] else binding, [] if words == [""] else words
    )

    assert accepts(".".join(binding), ".".join(words)) == expected


@given(st.text("ab*", max_size=6), st.text("ab*", max_size=8))
def test_a_glob_accepts_what_the_same_regular_expression_does(pattern, text):
    expression = ".*".join(map(re.escape, pattern.split("*")))

    assert matches(pattern, text) == (re.fullmatch(expression, text) is not None)


def test_no_pattern_takes_long():
    """A regular expression would not end within a lifetime."""
    assert not matches("*a" * 100 + "b", "a" * 10_000)
    assert not accepts("#." * 60 + "b", ".".join("a" * 120))

# SPDX-License-Identifier: Apache-2.0
"""What ``SOAK`` says, and how it is said again."""

import pytest

from tests.soak.extent import SHORT, Extent


def test_words_may_be_in_any_order():
    extent = Extent.of("client=threads seed=7 events=500 rate=50")

    assert extent == Extent(seed=7, events=500, rate=50, client="threads")


@pytest.mark.parametrize("text", ["short seed=1", "seed=1 client=threads rate=9"])
def test_what_it_says_of_itself_is_the_same_again(text):
    extent = Extent.of(text)

    assert Extent.of(str(extent)) == extent


def test_a_word_that_says_more_goes_before_short():
    assert Extent.of("short").events == SHORT
    assert Extent.of("short events=5").events == 5
    assert Extent.of("events=5 short").events == 5


def test_without_words_all_is_done_and_chance_begins_anywhere():
    one, two = Extent.of(""), Extent.of("")

    assert (one.events, one.rate, one.client) == (100_000, 300, "loop")
    assert one.seed != two.seed
    assert not one.is_short


@pytest.mark.parametrize("text", ["shorter", "events=many", "client=ftp", "seed"])
def test_another_word_is_refused_with_those_that_there_are(text):
    with pytest.raises(ValueError, match=f"SOAK takes short, .*'{text}'"):
        Extent.of(text)


def test_the_same_seed_brings_the_same_chance():
    one, two = (Extent(seed=7).chance("bridge").random() for _ in range(2))

    assert one == two != Extent(seed=7).chance("broker").random()

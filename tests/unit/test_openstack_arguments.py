# SPDX-License-Identifier: Apache-2.0
"""What ``openstack workflow listener`` reads, for each option that all have."""

from argparse import ArgumentParser

import pytest

from bridge.cli.openstack.arguments import take_listener, take_which
from bridge.cli.options import BOUNDS, DESCRIBING

CHOICES = [
    pytest.param(one, choice, id=f"{one.flag} {choice}")
    for one in DESCRIBING
    for choice in one.choices
]


def read(take, *typed):
    parser = ArgumentParser()
    take(parser)
    return vars(parser.parse_args(typed))


@pytest.mark.parametrize("option", BOUNDS + DESCRIBING, ids=lambda one: one.flag)
def test_an_option_that_is_not_given_says_nothing(option):
    assert read(take_listener)[option.name] in (None, [])


@pytest.mark.parametrize(("option", "choice"), CHOICES)
def test_a_choice_may_be_typed_in_either_case(option, choice):
    for typed in (choice.lower(), choice.upper()):
        assert read(take_listener, option.flag, typed)[option.name] == choice


@pytest.mark.parametrize("option", [one for one in DESCRIBING if one.is_repeated])
def test_what_may_be_given_again_adds_up(option):
    given = read(take_listener, option.flag, "a", option.flag, "b")

    assert given[option.name] == ["a", "b"]


@pytest.mark.parametrize(
    ("take", "typed", "enabled"),
    [
        (take_listener, "--enable", True),
        (take_listener, "--disable", False),
        (take_which, "--enabled", True),
        (take_which, "--disabled", False),
    ],
)
def test_enabled_or_not_is_said_by_one_word(take, typed, enabled):
    assert read(take, typed)["enabled"] is enabled
    assert read(take)["enabled"] is None

# SPDX-License-Identifier: Apache-2.0
"""What a workbook changes of the listeners that are in force."""

from dataclasses import fields, replace

from bridge.model import CallbackSpec, ListenerDraft
from bridge.workbook.difference import difference
from tests.calls import a_listener, a_webhook

HOOK = a_webhook()
DRAFT = ListenerDraft(events=("TASK",), callback=HOOK, project="acme", secret=None)
LISTENER = a_listener(HOOK, workbook_key="k")


def changes(listener, before, wanted):
    return difference({"k": listener}, {"k": before}, {"k": wanted})


def test_what_is_as_it_was_is_no_difference():
    found = changes(LISTENER, DRAFT, DRAFT)

    assert not found
    assert found.unchanged == 1


def test_what_is_new_is_added_and_what_left_is_removed():
    found = difference({"old": LISTENER}, {"old": DRAFT}, {"new": DRAFT})

    assert (dict(found.added), dict(found.removed)) == (
        {"new": DRAFT},
        {"old": LISTENER},
    )
    assert (found.changed, found.unchanged) == ({}, 0)
    assert found


def test_each_member_that_differs_is_named():
    others = {
        "events": ("EXECUTION",),
        "callback": CallbackSpec("http", "http://other/"),
        "project": "other",
        "max_in_flight": 1,
        "retry": replace(DRAFT.retry, jitter=0.9),
        "enabled": False,
        "secret": "whsec_" + "B" * 32,
    }
    for field in fields(ListenerDraft):
        name = field.name
        draft = replace(DRAFT, **{name: others.get(name, "other")})

        assert changes(LISTENER, DRAFT, draft).changed["k"].members == (name,)


def test_a_listener_keeps_the_secret_that_it_was_given():
    wanted = replace(DRAFT, secret=LISTENER.secret)

    assert not changes(LISTENER, wanted, wanted)
    assert not changes(LISTENER, wanted, DRAFT)


def test_who_was_turned_off_stays_so_until_the_workbook_changes_its_mind():
    off, says_off = replace(LISTENER, enabled=False), replace(DRAFT, enabled=False)

    assert not changes(off, DRAFT, DRAFT)
    assert changes(off, says_off, DRAFT).changed["k"].members == ("enabled",)
    assert not changes(LISTENER, says_off, says_off)


def test_another_change_leaves_who_was_turned_off_as_it_is():
    off = replace(LISTENER, enabled=False)

    change = changes(off, DRAFT, replace(DRAFT, max_in_flight=1)).changed["k"]

    assert change.members == ("max_in_flight",)
    assert not change.draft.enabled

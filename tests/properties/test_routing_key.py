# SPDX-License-Identifier: Apache-2.0
"""A routing key always fits, and its words can be told from it."""

import re
from dataclasses import replace
from hashlib import sha256
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.topology import MAX_KEY_BYTES, accepts
from notifier.wire import routing_key
from tests.properties.events import characters, events, names

_ENDING = re.compile(r"~[0-9a-f]{8}")


def _names(event: Event) -> list[str | None]:
    of_execution = [event.project, event.workbook, event.workflow]
    return of_execution + ([event.task_name] if event.kind == "task" else [])


def _named(workbook: str, workflow: str, task: str) -> Event:
    return Event.new(
        "task.failed",
        execution="e1",
        task=task,
        project="acme",
        workbook=workbook,
        workflow=workflow,
    )


def _was_cut(name: str, word: str) -> bool:
    return word.endswith("~" + sha256(name.encode()).hexdigest()[:8])


@given(events())
def test_a_key_fits_and_has_a_word_for_every_name(event):
    key = routing_key(event)

    assert len(key.encode()) <= MAX_KEY_BYTES
    assert key.count(".") == 1 + len(_names(event))
    assert accepts(f"{event.kind}.*.#", key)


@given(events())
def test_a_word_that_is_not_cut_can_be_read_back(event):
    words = routing_key(event).split(".")[2:]

    for name, word in zip(_names(event), words, strict=True):
        if name is None:
            assert word == "-"
        elif not _was_cut(name, word):
            assert unquote(word, errors="strict") == name


@given(events())
def test_no_word_holds_what_a_binding_gives_a_meaning(event):
    for word in routing_key(event).split("."):
        assert not re.search(r"[*#\x00-\x20\x7f-\x9f]", word)
        assert word


@given(st.tuples(names, names, names))
def test_a_cut_word_ends_in_its_digest_after_whole_characters(three):
    event = _named(*three)
    words = routing_key(event).split(".")[3:]
    whole = ".".join(["task.failed.acme", *(_encoded(name) for name in three)])

    for name, word in zip(three, words, strict=True):
        if word == _encoded(name):
            continue
        kept = unquote(word[: -len("~0123abcd")], errors="strict")
        assert len(whole.encode()) > MAX_KEY_BYTES
        assert _was_cut(name, word)
        assert name.startswith(kept)


@given(st.text(characters, min_size=200, max_size=255), names)
def test_a_task_is_cut_before_a_workflow_and_that_before_a_workbook(long, name):
    words = routing_key(_named("orders", name, long)).split(".")[3:]
    task, workflow = words[2], words[1]

    if workflow != _encoded(name):
        assert _ENDING.fullmatch(task)  # nothing was left to cut there
    assert words[0] == "orders"


@given(names, names, st.text(characters, min_size=1, max_size=200))
def test_two_long_tasks_that_differ_at_their_end_differ_in_their_keys(book, flow, task):
    first, second = (_named(book, flow, task + end * 50) for end in "ab")

    assert routing_key(first) != routing_key(second)


@given(st.text(characters, min_size=65, max_size=255), events())
def test_a_project_of_over_64_bytes_is_refused(project, event):
    with pytest.raises(InvalidEvent) as refused:
        routing_key(replace(event, data={**event.data, "project": project}))

    assert refused.value.field == "data.project"


def _encoded(name: str) -> str:
    if name == "-":
        return "%2D"
    return re.sub(
        r"[.*#%\x00-\x20\x7f-\x9f]", lambda found: f"%{ord(found[0]):02X}", name
    )

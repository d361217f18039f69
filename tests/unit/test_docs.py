# SPDX-License-Identifier: Apache-2.0
"""What the pages say of each other and of the wire is true."""

import re

import pytest

from bridge.model import OutcomeKind, State
from bridge.workbook.reading import read
from bridge.workbook.yaml_text import parse
from notifier import wire
from notifier.event import TRACE
from notifier.wire.attributes import attributes_of
from tests.pages import Page, event_for, pages
from tests.pictured import PICTURES, page_names, shown

EVENTS = "docs/reference/events.md"
MAX_PICTURE_BYTES = 120_000
FROM_THE_ENGINE = {"sequence", *TRACE}


@pytest.mark.parametrize("path", pages())
def test_every_link_leads_to_a_page_that_is_there(path):
    page = Page(path)
    for link in page.links():
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = page.file.parent / name if name else page.file

        assert target.exists(), link
        if anchor:
            assert anchor in Page(target).anchors(), link


@pytest.mark.parametrize("path", [one for one in pages() if one.startswith("docs/")])
def test_the_index_leads_to_every_page(path):
    index = Page("docs/README.md")
    known = {(index.file.parent / link.partition("#")[0]) for link in index.links()}

    file = Page(path).file
    assert file == index.file or file in known or file.parent in known


def test_every_page_of_the_site_is_shown_in_a_picture():
    known = {file.stem for file, _ in shown() if file.parent == PICTURES}

    assert page_names() <= known


def test_a_picture_is_there_small_and_told_in_words_and_none_is_shown_nowhere():
    for file, words in shown():
        assert file.read_bytes().startswith(b"\x89PNG"), file
        assert file.stat().st_size < MAX_PICTURE_BYTES, file
        assert len(words) > 15, file

    assert set(PICTURES.iterdir()) <= {file for file, _ in shown()}


def test_every_workbook_in_a_page_says_who_is_called():
    found = [
        read(parse(block.text).value, {"LoggerURL": "http://127.0.0.1:9000"}).document
        for path in pages()
        for block in Page(path).blocks()
        if block.info.startswith("yaml")
    ]

    assert len(found) > 1
    assert all(one.hooks or one.listeners for one in found)


def test_the_message_in_the_page_is_an_event():
    event = the_event()

    assert event.subject == "executions/e1/tasks/t1"
    assert event.data["payload"] == {"attempt": 3}


def test_the_headers_in_the_page_are_those_that_are_sent():
    assert wire.to_amqp(the_event()).headers == the_headers()


def test_the_properties_in_the_page_are_those_that_are_sent():
    names = [name for name, _ in Page(EVENTS).table("property", "holds")]

    assert sorted(names) == sorted(wire.to_amqp(the_event()).properties)


def test_the_attributes_in_the_page_are_all_there_are():
    rows = Page(EVENTS).table("attribute", "holds")
    names = {name.strip("`") for names, _ in rows for name in names.split(", ")}

    assert names == attributes_of(the_event()).keys() | FROM_THE_ENGINE


def test_the_routing_keys_in_the_page_are_as_events_have_them():
    for _, key in Page(EVENTS).table("what", "key"):
        assert wire.routing_key(event_for(key)) == key


def test_the_routing_keys_of_the_binding_examples_are_as_events_have_them():
    page = Page("docs/how-to/direct-consumers.md")
    for _, key in page.table("event", "routing key"):
        assert wire.routing_key(event_for(key)) == key


def test_the_words_for_states_and_outcomes_are_all_there_are():
    means = dict(Page("docs/reference/words.md").table("word", "means"))

    assert words(means["delivery"]) == [one.value for one in State]
    assert words(means["outcome"]) == [one.value for one in OutcomeKind]


def words(text):
    return re.findall(r"`(\w+)`", text)


def the_headers():
    lines = Page(EVENTS).blocks("", section="On AMQP 0-9-1")[0].text.splitlines()
    return dict(line.split(": ", 1) for line in lines)


def the_event():
    body = Page(EVENTS).block("json").encode()
    return wire.from_amqp({}, the_headers(), body)

# SPDX-License-Identifier: Apache-2.0
"""Events in a real database."""

from datetime import UTC

import pytest

from bridge.errors import Conflict, NotFound
from bridge.model import Envelope
from bridge.store import events
from bridge.store.journal import Entry
from notifier import wire
from notifier.event import Event
from tests.stored import MINUTE, NOW, an_envelope


@pytest.fixture
def store(stores):
    return stores.events


def test_an_event_comes_back_byte_by_byte(store):
    envelope = an_envelope(
        attributes={"traceparent": "00-ab-cd-01", "sequence": "7"},
        project="acme",
        payload={"ä": [1, 2.5, None, "\U0001f4a1"]},
    )

    store.accept([envelope], NOW)

    kept = store.get("acme", "1")
    assert kept.envelope == envelope
    assert kept.received_at == NOW
    assert kept.received_at.tzinfo is UTC


def test_the_longest_event_there_can_be_fits(store):
    name = "ä" * 255
    event = Event.new(
        "execution." + "x" * 64,
        event_id="é" * 127,
        source="/" + "é" * 127,
        execution={"id": name, "root_id": name},
        project="p" * 64,
        workbook=name,
        workflow=name,
    )
    envelope = Envelope(event, wire.encode_body(event), wire.routing_key(event))

    store.accept([envelope], NOW)

    assert store.get("p" * 64, event.id).envelope == envelope


def test_what_is_accepted_waits_in_the_order_of_arrival(store):
    store.accept([an_envelope("b")], NOW)
    store.accept([an_envelope("c"), an_envelope("a")], NOW)

    waiting = store.queued(10)

    assert [one.envelope.event.id for one in waiting] == ["b", "c", "a"]
    assert [one.position for one in waiting] == sorted(one.position for one in waiting)
    assert len(store.queued(2)) == 2
    assert store.last_position() == waiting[-1].position


def test_a_known_event_is_kept_once(store):
    store.accept([an_envelope("1")], NOW)

    store.accept([an_envelope("1"), an_envelope("2"), an_envelope("2")], NOW + MINUTE)

    assert [one.envelope.event.id for one in store.queued(10)] == ["1", "2"]


def test_another_body_under_a_known_id_is_refused_with_all_beside_it(store):
    store.accept([an_envelope("1")], NOW)

    with pytest.raises(Conflict, match="event 1 is known with another body"):
        store.accept([an_envelope("2"), an_envelope("1", task="refund")], NOW)

    assert [one.envelope.event.id for one in store.queued(10)] == ["1"]


def test_two_bodies_under_one_id_are_refused(store):
    with pytest.raises(Conflict):
        store.accept([an_envelope("1"), an_envelope("1", task="refund")], NOW)

    assert store.queued(10) == []


def test_a_check_keeps_nothing(store):
    store.accept([an_envelope("1")], NOW)

    store.check([an_envelope("1"), an_envelope("2")])

    with pytest.raises(Conflict):
        store.check([an_envelope("1", task="refund")])
    assert len(store.queued(10)) == 1


def test_the_same_id_of_two_sources_is_two_events(store):
    store.accept([an_envelope("1", source="/a"), an_envelope("1", source="/b")], NOW)

    assert len(store.queued(10)) == 2
    assert store.get(None, "1").envelope.event.source == "/b"


def test_an_event_of_another_project_is_not_found(store):
    store.accept([an_envelope("1", project="acme")], NOW)

    with pytest.raises(NotFound, match="no event 1"):
        store.get("default", "1")


def test_an_empty_store_has_no_position(store):
    assert store.last_position() == 0


def test_what_was_routed_waits_no_longer(store, stores):
    store.accept([an_envelope("1"), an_envelope("2")], NOW)

    stores.journal().write([Entry(arrived=(an_envelope("1"), NOW))])

    assert [one.envelope.event.id for one in store.queued(10)] == ["2"]


def test_the_latest_events_are_found_the_oldest_first(store, monkeypatch):
    monkeypatch.setattr(events, "_CHUNK", 2)
    for number in range(6):
        store.accept([an_envelope(str(number))], NOW + number * MINUTE)

    def latest(limit, minutes):
        found = store.latest(limit, since=NOW + minutes * MINUTE)
        return [(event_id, (at - NOW) // MINUTE) for (_, event_id), at in found]

    assert latest(10, 0) == [(str(number), number) for number in range(6)]
    assert latest(3, 0) == [("3", 3), ("4", 4), ("5", 5)]
    assert latest(10, 3) == [("3", 3), ("4", 4), ("5", 5)]
    assert latest(10, 9) == latest(0, 0) == []

# SPDX-License-Identifier: Apache-2.0
"""When a batch is full, when it is due, and in which order its events stand."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from bridge.errors import Invalid
from bridge.model import Batching, CallbackSpec, Format, ListenerDraft
from bridge.model.batch import MAX_BATCH_BYTES, Queued
from bridge.model.drafts import check_draft
from bridge.shape.listener import NewListener
from tests.stored import NOW

LATER = timedelta(milliseconds=50)


def queued(number, *, due_at=NOW + LATER, size=1000, place=None):
    return Queued(
        id=f"dlv_{number}",
        key=("/engine", str(number)),
        size=size,
        due_at=due_at,
        place=(NOW, number if place is None else place),
    )


def cut(queue, max_events=3, now=NOW):
    batching = Batching(max_events, LATER)
    return [[one.key[1] for one in batch] for batch in batching.cut(queue, now)]


def test_what_is_neither_full_nor_due_waits_on():
    assert cut([queued(1), queued(2)]) == []


def test_as_many_as_are_wanted_go_at_once_and_the_rest_waits():
    assert cut([queued(n) for n in range(7)]) == [["0", "1", "2"], ["3", "4", "5"]]


def test_fewer_go_once_the_first_of_them_has_waited_long_enough():
    queue = [queued(1, due_at=NOW), queued(2)]

    assert cut(queue, now=NOW - LATER / 2) == []
    assert cut(queue) == [["1", "2"]]


def test_a_batch_is_full_at_so_many_bytes():
    half = MAX_BATCH_BYTES // 2
    queue = [queued(1, size=half), queued(2, size=half), queued(3)]

    assert cut(queue, max_events=100) == [["1"]]


def test_an_event_that_is_larger_than_a_batch_goes_alone():
    queue = [queued(1, due_at=NOW), queued(2, size=2 * MAX_BATCH_BYTES), queued(3)]

    assert cut(queue, max_events=100) == [["1"], ["2"]]


def test_its_events_stand_in_the_order_in_which_they_came_in():
    queue = [queued(1, place=9), queued(2, place=7), queued(3, place=8)]

    assert cut(queue) == [["2", "3", "1"]]


def refusal(**members):
    """Return what is said to a listener of these members, or None."""
    listener = {"events": ["TASK"], "callback": {"url": "http://127.0.0.1:9/"}}
    listener["callback"] |= members.pop("callback", {})
    try:
        check_draft(NewListener.model_validate(listener | members).draft())
    except ValidationError as err:
        return "{0[loc]}: {0[msg]}".format(*err.errors())
    except Invalid as err:
        return str(err)
    return None


def in_batches(**members):
    return {"callback": {"format": "cloudevents-batch", **members}}


@pytest.mark.parametrize("most", [1, 1000])
@pytest.mark.parametrize("wait", [1, 60000])
def test_the_bounds_are_taken(most, wait):
    assert not refusal(**in_batches(batch={"max_events": most, "max_wait_ms": wait}))


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (in_batches(batch={"max_events": 0}), "greater than or equal to 1"),
        (in_batches(batch={"max_events": 1001}), "less than or equal to 1000"),
        (in_batches(batch={"max_wait_ms": 0}), "greater than or equal to 1"),
        (in_batches(batch={"max_wait_ms": 60001}), "less than or equal to 60000"),
        (in_batches(batch={"most": 2}), "Extra inputs are not permitted"),
        (in_batches(mode="call"), "callback.batch: means nothing with mode: call"),
        (
            in_batches() | {"ordered": True},
            "callback.batch: cannot be had with ordered",
        ),
        (
            in_batches(type="amqp", exchange="billing", url=None),
            "callback.format: a callback of type amqp takes one event a message",
        ),
        (
            {"callback": {"format": "cloudevents", "batch": {}}},
            "callback.batch: means something with format: cloudevents-batch only",
        ),
    ],
    ids=range(9),
)
def test_what_cannot_be_told_in_batches_is_refused(members, reason):
    assert reason in refusal(**members)


@pytest.mark.parametrize(
    ("batching", "field"),
    [
        (Batching(max_events=1001), "callback.batch.max_events"),
        (Batching(max_wait=timedelta()), "callback.batch.max_wait_ms"),
        (None, "callback.batch"),
    ],
    ids=["events", "wait", "neither"],
)
def test_bounds_hold_whoever_makes_the_listener(batching, field):
    callback = CallbackSpec("http", format=Format.CLOUDEVENTS_BATCH, batch=batching)

    with pytest.raises(Invalid) as refused:
        check_draft(ListenerDraft(("TASK",), callback))

    assert refused.value.field == field

# SPDX-License-Identifier: Apache-2.0
"""What everybody keeps to who waits for listeners: over a broker, HTTP, in the process."""

import threading
import time
import uuid
from datetime import timedelta

import pytest

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.publishers.caller import Caller
from notifier.verdict import Ruling, Verdict
from notifier.wire.call import MAX_WAIT
from tests.contract.callers import a_start, a_workbook, calling

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=2.5)  # a tenth of it, 250 ms, is the way back by HTTP
SLACK_SECONDS = 0.6
AT_ONCE_SECONDS = 5


@pytest.fixture(scope="module", params=["amqp", "http", "memory"])
def held(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("caller")
    if request.param != "amqp":
        with calling(request.param, folder) as held:
            yield held
        return
    rabbit = request.getfixturevalue("rabbit")
    vhost = f"test-{uuid.uuid4()}"
    with calling("amqp", folder, rabbit.vhost(vhost)) as held:
        yield held
    rabbit.drop_vhost(vhost)


@pytest.fixture
def workbook():
    return a_workbook()


def called(held, event, timeout=TIMEOUT):
    """Return the verdict on an event."""
    return Verdict.of(held.caller.call(event, timeout=timeout))


def only(things):
    (one,) = things
    return one


def delivered(held, event):
    """Wait for the one delivery of an event to be recorded and return it."""
    deadline = time.monotonic() + TIMEOUT.total_seconds()
    while not (found := held.deliveries(event)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return only(found)


def test_every_way_is_a_caller(held):
    assert isinstance(held.caller, Caller)


def test_a_listener_that_answers_with_success_accepts(held, workbook):
    listener = held.listen(workbook, "/yes")

    verdict = called(held, a_start(workbook))

    assert verdict.ruling is Ruling.ACCEPTED
    answer = only(verdict.answers)
    assert (answer.listener_id, answer.is_answered) == (listener["id"], True)


def test_a_listener_that_refuses_says_why(held, workbook):
    held.listen(workbook, "/no")

    verdict = called(held, a_start(workbook))

    assert not verdict
    assert verdict.ruling is Ruling.REFUSED
    assert verdict.reasons == (f"{workbook} /no: the shop is closed",)


def test_who_waits_for_longer_than_can_be_waited_is_answered_all_the_same(
    held, workbook
):
    held.listen(workbook, "/no")

    verdict = called(held, a_start(workbook), timeout=2 * MAX_WAIT)

    assert verdict.ruling is Ruling.REFUSED


def test_what_was_refused_was_delivered_and_is_not_tried_again(held, workbook):
    held.listen(workbook, "/no")
    event = a_start(workbook)

    called(held, event)

    delivery = delivered(held, event)
    attempt = only(held.attempts(delivery))
    assert delivery["state"] == "delivered"
    assert delivery["reason"] == "refused: the shop is closed"
    assert (attempt["outcome"], attempt["status"]) == ("refused", 409)


def test_one_of_two_that_refuses_is_enough(held, workbook):
    held.listen(workbook, "/yes")
    held.listen(workbook, "/no")

    verdict = called(held, a_start(workbook))

    assert len(verdict.answers) == 2
    assert verdict.reasons == (f"{workbook} /no: the shop is closed",)


def test_what_nobody_may_refuse_is_accepted_at_once(held, workbook):
    held.listen(workbook, "/no", mode="cast")
    started = time.monotonic()

    verdict = called(held, a_start(workbook))

    assert verdict
    assert verdict.answers == ()
    assert time.monotonic() - started < AT_ONCE_SECONDS


@pytest.mark.parametrize(
    ("on_timeout", "is_accepted"), [("accept", True), ("refuse", False)]
)
def test_silence_counts_as_the_listener_says(held, workbook, on_timeout, is_accepted):
    held.listen(workbook, "/slow", on_timeout=on_timeout)
    started = time.monotonic()

    verdict = called(held, a_start(workbook), SHORT)

    assert time.monotonic() - started < SHORT.total_seconds() + SLACK_SECONDS
    answer = only(verdict.answers)
    assert (verdict.is_accepted, answer.is_answered) == (is_accepted, False)
    assert answer.reason == "no answer in time"


@pytest.mark.parametrize("path", ["/broken", "/gone"])
def test_an_answer_that_is_neither_yes_nor_no_counts_as_silence(held, workbook, path):
    held.listen(workbook, path, on_timeout="refuse")
    started = time.monotonic()

    verdict = called(held, a_start(workbook))

    assert time.monotonic() - started < AT_ONCE_SECONDS
    answer = only(verdict.answers)
    assert (answer.is_accepted, answer.is_answered) == (False, False)


def test_what_was_not_answered_is_tried_again_as_ever(held, workbook):
    held.listen(workbook, "/broken")
    event = a_start(workbook)

    called(held, event)

    delivery = delivered(held, event)
    assert (delivery["state"], delivery["attempt_count"]) == ("pending", 1)


def test_a_receiver_is_told_how_long_is_waited(held, workbook):
    held.listen(workbook, "/yes")
    event = a_start(workbook)

    called(held, event)

    headers = only(held.keeper.of(event.id))
    assert 0 < int(headers["workflow-wait-ms"]) <= TIMEOUT / timedelta(milliseconds=1)


def test_nobody_waits_for_what_is_published(held, workbook):
    held.listen(workbook, "/no")
    event = a_start(workbook)

    held.caller.publish([event], timeout=TIMEOUT)

    held.keeper.wait_for(1, event.id)
    assert "workflow-wait-ms" not in only(held.keeper.of(event.id))
    assert delivered(held, event)["state"] == "pending"


def test_an_event_that_is_called_twice_is_answered_twice(held, workbook):
    held.listen(workbook, "/no")
    event = a_start(workbook)

    first, second = called(held, event), called(held, event)

    assert first.reasons == second.reasons == (f"{workbook} /no: the shop is closed",)
    ids = {headers["webhook-id"] for headers in held.keeper.of(event.id)}
    assert len(ids) == 1


def test_16_threads_call_at_the_same_time(held, workbook):
    held.listen(workbook, "/yes")
    refusing = a_workbook()
    held.listen(refusing, "/no")
    verdicts = {}

    def call(number):
        event = a_start(refusing if number % 2 else workbook)
        verdicts[number] = called(held, event)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {n: bool(one) for n, one in verdicts.items()} == {
        n: not n % 2 for n in range(16)
    }


def test_an_event_that_does_not_fit_is_told_to_the_caller(held):
    event = Event.new("task.started", execution="e1", task="x", payload=float("nan"))

    with pytest.raises(InvalidEvent):
        held.caller.call(event, timeout=TIMEOUT)

# SPDX-License-Identifier: Apache-2.0
"""An engine that waits is told what became of it, and is not hurt by what goes wrong."""

import threading
import time
from datetime import timedelta

import pytest

from notifier import Notifier, Verdict
from notifier.errors import InvalidEvent, Refused
from notifier.publishers.memory import MemoryPublisher
from notifier.verdict import Answer, Ruling
from notifier.wire.call import encode_reply

SHORT = timedelta(milliseconds=50)
LONG = timedelta(seconds=10)
DEFAULT = timedelta(seconds=5)  # a notifier's own
YES = Answer("lst_1", "audit", is_accepted=True)
NO = Answer("lst_2", "gate", is_accepted=False, reason="closed")


class Deaf:
    """A publisher that cannot wait."""

    def publish(self, events, *, timeout):
        """Publish nothing."""

    def close(self):
        """Nothing is open."""


@pytest.fixture
def bus():
    return MemoryPublisher()


def answering(bus, *answers):
    """Let whoever asks on a bus be answered so."""

    def answer(published):
        for _, message in published:
            bus.reply(message.properties["correlation_id"], encode_reply(answers))

    bus.bind("#", answer)


def call(publisher, on_error="log", timeout=LONG, **members):
    notifier = Notifier(
        publisher, source="/engines/1", project="acme", on_error=on_error
    )
    event = notifier.event("task.started", execution="e1", task="charge")
    return notifier.call(event, timeout=timeout, **members)


def test_the_verdict_is_that_of_those_who_were_asked(bus):
    answering(bus, YES, NO)

    assert call(bus) == Verdict.of([YES, NO])


def test_an_event_has_what_the_notifier_knows(bus):
    notifier = Notifier(bus, source="/engines/1", project="acme", engine="mine")

    event = notifier.event("task.started", execution="e1", task="charge", error="late")

    assert (event.source, event.project, event.engine) == (
        "/engines/1",
        "acme",
        "mine",
    )
    assert event.data["execution"]["error"] == "late"


def test_an_event_that_cannot_be_is_the_callers_fault_at_once(bus):
    with pytest.raises(InvalidEvent, match="execution"):
        Notifier(bus).event("task.started", execution="", task="charge")


@pytest.mark.parametrize("on_timeout", ["accept", "refuse"])
def test_where_nobody_answers_the_caller_decides(bus, on_timeout):
    bus.bind("#", lambda _: None)

    verdict = call(bus, timeout=SHORT, on_timeout=on_timeout)

    assert verdict == Verdict.unanswered(on_timeout, "no bridge answered in time")


def test_the_longest_wait_is_the_notifiers_unless_one_is_given(bus):
    bus.bind("#", lambda _: None)
    notifier = Notifier(bus, timeout=SHORT)
    event = notifier.event("task.started", execution="e1", task="charge")
    started = time.monotonic()

    assert notifier.call(event).ruling is Ruling.UNANSWERED

    assert time.monotonic() - started < DEFAULT.total_seconds() / 2


def test_a_wait_that_is_given_goes_before_the_notifiers(bus):
    bus.bind("#", lambda _: None)
    notifier = Notifier(bus, timeout=LONG)
    event = notifier.event("task.started", execution="e1", task="charge")
    started = time.monotonic()

    assert notifier.call(event, timeout=SHORT).ruling is Ruling.UNANSWERED

    assert time.monotonic() - started < DEFAULT.total_seconds() / 2


def test_what_cannot_be_published_counts_as_no_answer_and_is_logged(bus, caplog):
    verdict = call(bus, on_timeout="refuse")

    assert verdict.ruling is Ruling.UNANSWERED
    assert verdict.reasons[0].startswith("nothing is bound for task.started")
    (record,) = caplog.records
    assert "Unroutable" in record.fault


def test_it_is_raised_if_that_is_wanted(bus):
    bus.bind("#", lambda _: 1 / 0)

    with pytest.raises(Refused, match="ZeroDivisionError"):
        call(bus, on_error="raise")


@pytest.mark.parametrize("on_error", ["log", "raise"])
def test_a_publisher_that_cannot_wait_is_said_aloud(on_error):
    """Else a gate would stand open for ever, and nobody would know."""
    with pytest.raises(TypeError, match="Deaf cannot wait for answers"):
        call(Deaf(), on_error)


def test_a_reply_is_for_the_one_who_asked(bus):
    """Two wait at the same time; the later one is answered first."""
    asked, both = [], threading.Event()

    def keep(published):
        asked.extend(message.properties["correlation_id"] for _, message in published)
        if len(asked) == 2:
            both.set()

    bus.bind("#", keep)
    verdicts = {}
    threads = {}
    for name in ("first", "second"):
        threads[name] = threading.Thread(
            target=lambda name=name: verdicts.update({name: call(bus)})
        )
        threads[name].start()
        while len(asked) < len(threads):
            time.sleep(0.001)
    assert both.wait(LONG.total_seconds())
    for correlation_id, answer in zip(reversed(asked), (NO, YES), strict=True):
        bus.reply(correlation_id, encode_reply([answer]))
    for thread in threads.values():
        thread.join()

    assert verdicts["first"] == Verdict.of([YES])
    assert verdicts["second"] == Verdict.of([NO])


def test_a_reply_to_nobody_is_of_no_harm(bus):
    bus.reply("long ago", encode_reply([YES]))

    answering(bus, NO)

    assert not call(bus)

# SPDX-License-Identifier: Apache-2.0
"""Connections are opened in bounded time, and a URL keeps its secrets."""

import threading
from datetime import timedelta

import pytest

from notifier.errors import InvalidEvent, SettingsError
from notifier.publishers.amqp import AmqpPublisher, Outgoing
from notifier.publishers.bounded import within

SHORT = timedelta(seconds=0.3)


def test_what_is_made_in_time_is_returned():
    assert within(10, lambda: "made", print) == "made"


def test_what_goes_wrong_in_time_is_raised():
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 / 0, print)


def test_what_comes_too_late_is_let_go():
    may_end, let_go = threading.Event(), threading.Event()

    def make():
        may_end.wait(10)
        return let_go

    with pytest.raises(TimeoutError):
        within(0.01, make, threading.Event.set)
    may_end.set()

    assert let_go.wait(10)


@pytest.mark.parametrize(
    "url",
    [
        "redis://me:secret@host",
        "me:secret@host",
        "amqp://me:sec/ret@host",
        "amqp://me:secret@host:port",
        "amqp://me:secret@host/?colour=red",
        "amqp://me:secret@host;http://other",
    ],
)
def test_what_is_no_url_of_a_broker_is_refused_without_showing_it(url):
    with pytest.raises(SettingsError, match="must look like amqp://") as caught:
        AmqpPublisher(url)

    told = (
        f"{caught.value!r} {caught.value.__cause__} {caught.value.__suppress_context__}"
    )
    assert "sec" not in told
    assert told.endswith("None True")


def test_a_publisher_shows_its_brokers_and_no_password():
    publisher = AmqpPublisher("amqp://me:secret@one/v;amqps://me:secret@two/v")

    assert repr(publisher) == "<AmqpPublisher workflow.events at one:5672, two:5671>"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("routing_key", "x" * 256),
        ("headers", {"x": object()}),
        ("properties", {"priority": "high"}),
    ],
)
def test_a_message_that_does_not_fit_amqp_is_refused(part, value):
    parts = {
        "exchange": "x",
        "routing_key": "k",
        "body": b"",
        "properties": {},
        "headers": {},
        "key": "k",
        "id": "1",
    }
    message = Outgoing(**{**parts, part: value})
    publisher = AmqpPublisher("amqp://127.0.0.1:1/")

    with pytest.raises(InvalidEvent, match="does not fit AMQP"):
        publisher.send([message], timeout=SHORT)

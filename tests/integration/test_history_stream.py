# SPDX-License-Identifier: Apache-2.0
"""``[bus] history = stream``: who reads from the bus begins where it likes."""

import itertools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import kombu
import pytest

from bridge.embedded import EmbeddedBridge
from bridge.settings import (
    ApiSettings,
    BusSettings,
    DatabaseSettings,
    SecretSettings,
    Settings,
)
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.topology import HISTORY_STREAM
from tests.bridges import wait_until_ready
from tests.pages import Page
from tests.served import KEY

READ = Page("docs/how-to/direct-consumers.md").block("python read.py")
SHORTLY = timedelta(seconds=20)
COUNT = 5


@pytest.fixture
def bridge(amqp_url, tmp_path):
    """A bridge that has its broker keep history."""
    settings = Settings(
        database=DatabaseSettings(f"sqlite:///{tmp_path}/bridge.sqlite3"),
        bus=BusSettings(amqp_url, history="stream"),
        api=ApiSettings(port=0),
        secrets=SecretSettings(key=KEY),
    )
    with EmbeddedBridge(settings) as bridge:
        wait_until_ready(bridge.url)
        yield bridge


@pytest.fixture
def published(amqp_url, bridge):
    """What is read of the events in the stream, from the first on."""
    del bridge
    with AmqpPublisher(amqp_url) as publisher:
        for number in range(COUNT):
            event = Event.new("execution.started", execution=f"e{number}")
            publisher.publish([event], timeout=SHORTLY)
    return [f"{number} execution.started e{number}" for number in range(COUNT)]


def read(amqp_url, place, count):
    """Run the page's program until it has shown so many lines."""
    with subprocess.Popen(
        [sys.executable, "-c", READ, place],
        env={**os.environ, "AMQP_URL": amqp_url},
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            return [one.strip() for one in itertools.islice(program.stdout, count)]
        finally:
            program.kill()


def test_a_consumer_reads_the_history_from_where_it_likes(amqp_url, published):
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")

    assert read(amqp_url, "first", COUNT) == published
    assert read(amqp_url, before, COUNT) == published
    assert read(amqp_url, "3", 2) == published[3:]


def test_the_stream_keeps_events_for_a_week(rabbit, amqp_url, bridge):
    del rabbit, bridge
    with kombu.Connection(amqp_url) as connection:
        kept = {"x-queue-type": "stream", "x-max-age": "7D"}
        declare = connection.channel().queue_declare
        declare(HISTORY_STREAM, durable=True, auto_delete=False, arguments=kept)

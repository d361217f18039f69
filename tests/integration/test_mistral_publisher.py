# SPDX-License-Identifier: Apache-2.0
"""The publisher of Mistral's on a real broker, called as its engine does."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import kombu

from notifier.topology import EXCHANGE

ENGINE = Path(__file__).with_name("mistral_engine.py")
THREADS = 20
PATIENCE_SECONDS = 30
POLL_SECONDS = 0.05


@contextmanager
def engine(amqp_url):
    """Run the engine; give the seconds that its longest call took."""
    command = [sys.executable, "-W", "ignore", ENGINE, str(THREADS)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "AMQP_URL": amqp_url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield float(process.stdout.readline())
        finally:
            process.stdin.close()


def queue_on(connection):
    exchange = kombu.Exchange(EXCHANGE, "topic", durable=True)
    queue = kombu.Queue("mine", exchange, routing_key="#")(connection.channel())
    queue.declare()
    return queue


def collected(queue, count):
    """Return what came for each execution, once there is enough."""
    stories = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(map(len, stories.values())) < count and time.monotonic() < deadline:
        message = queue.get(no_ack=True)
        if message is None:
            time.sleep(POLL_SECONDS)
            continue
        execution = message.headers["cloudEvents_partitionkey"]
        stories.setdefault(execution, []).append(message.properties["type"])
    return stories


def test_every_thread_and_a_forked_child_tell_all_in_order(amqp_url):
    with kombu.Connection(amqp_url) as connection:
        queue = queue_on(connection)
        with engine(amqp_url):
            stories = collected(queue, 2 * (THREADS + 1))

    names = {f"e{number}" for number in range(THREADS)} | {"forked"}
    assert stories.keys() == names
    assert {*map(tuple, stories.values())} == {
        ("execution.started", "execution.succeeded")
    }


def test_a_frozen_broker_holds_up_no_call_and_gets_all_when_it_thaws(own_rabbit):
    with kombu.Connection(own_rabbit.url) as connection:
        queue = queue_on(connection)
        own_rabbit.freeze()
        with engine(own_rabbit.url) as longest:
            own_rabbit.thaw()
            stories = collected(queue, 2 * (THREADS + 1))

    assert longest < 1
    assert len(stories) == THREADS + 1

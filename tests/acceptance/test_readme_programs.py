# SPDX-License-Identifier: Apache-2.0
"""The programs in README.md do what it says: engines and direct consumers."""

import re
import shutil
import sys
from datetime import timedelta

import pytest

from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from tests.pages import Page

README = Page("README.md")
NPM_SECONDS = 120
SHORTLY = timedelta(seconds=10)


@pytest.fixture
def secret(client, endpoint):
    """Of a listener that hears all of the workbook."""
    events = ["EXECUTION", "TASK"]
    listener = {"workbook": "orders", "events": events, "url": endpoint.url}
    return client.listeners.add(listener)["secret"]


@pytest.fixture
def run_python(terminal):
    """Run a Python program of the page where it finds the bridge."""

    def run(info):
        (terminal.home / "program.py").write_text(README.block(info))
        return terminal.run(f"'{sys.executable}' program.py")

    return run


def test_the_engine_of_the_page_is_heard(run_python, secret, endpoint, delivered):
    run_python("python engine")

    events = [endpoint.next_event(secret) for _ in range(2)]
    delivered(2)
    data = {one["type"]: one["data"] for one in events}
    assert data.keys() == {"execution.started", "task.failed"}
    assert data["task.failed"]["task"] == {"name": "charge", "error": "card declined"}


def test_the_flow_of_the_page_is_heard(run_python, secret, endpoint, delivered):
    run_python("python taskflow")

    events = [endpoint.next_event(secret) for _ in range(6)]
    delivered(6)
    assert sorted(one["type"] for one in events) == [
        "execution.started",
        "execution.succeeded",
        "task.started",
        "task.started",
        "task.succeeded",
        "task.succeeded",
    ]


@pytest.fixture
def publish(amqp_url):
    with AmqpPublisher(amqp_url) as publisher:
        yield lambda *events: publisher.publish(events, timeout=SHORTLY)


@pytest.fixture
def consume(terminals, amqp_url, publish):
    """Run a consumer of the page; return what it shows of a task that fails."""
    terminals.environment["AMQP_URL"] = amqp_url

    def consume(command):
        consumer = terminals.start("consumer", command)
        consumer.wait_for("waiting for task.failed.#\n")
        event = Event.new("task.failed", execution="e1", task="charge")
        publish(Event.new("task.started", execution="e1", task="charge"), event)
        return consumer.wait_for("charge"), f"{event.id} task.failed charge\n"

    return consume


def test_the_consumer_in_python_gets_what_it_is_bound_to(terminals, consume):
    (terminals.home / "consumer.py").write_text(README.block("python consumer"))

    shown, expected = consume(f"'{sys.executable}' consumer.py")

    assert shown == f"waiting for task.failed.#\n{expected}"


@pytest.mark.timeout(NPM_SECONDS + 60)
def test_the_consumer_in_javascript_gets_what_it_is_bound_to(terminals, consume):
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.fail("Node.js is needed: as root, apt-get install nodejs npm")
    (install,) = re.findall(r"`(npm install [^`]+)`", README.text)
    (terminals.home / "package.json").write_text("{}")
    (terminals.home / "consumer.js").write_text(README.block("js consumer"))
    terminals.run(f"{install} --no-audit --no-fund", seconds=NPM_SECONDS)

    shown, expected = consume("node consumer.js")

    assert shown == f"waiting for task.failed.#\n{expected}"

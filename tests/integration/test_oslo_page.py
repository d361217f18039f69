# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/oslo-messaging.md tells the truth."""

import json
import os
import shlex
import subprocess
import sys

import pytest
from kombu import Connection

from bridge.client import BridgeClient
from bridge.settings import load
from notifier import wire
from notifier.settings import of_host
from notifier.topology import BRIDGE_QUEUE, accepts
from notifier.wire import from_cloudevent
from tests.bridges import BridgeProcess
from tests.hosts import configuration
from tests.integration.commands import Running
from tests.ledger import Ledger
from tests.openstack import transport_url
from tests.pages import Page

PAGE = Page("docs/how-to/oslo-messaging.md")
PAGES_BROKER = "guest:guest@127.0.0.1:5672/"
KEY = PAGE.block("text key").strip()


@pytest.fixture
def emit(tmp_path, amqp_url):
    """Emit what the page does, from a service whose file has these lines."""

    def emit(lines):
        configuration(tmp_path, lines, transport_url=transport_url(amqp_url))
        kept = {k: v for k, v in os.environ.items() if k != "AMQP_URL"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PAGE.block("python emit")],
            cwd=tmp_path,
            env=kept,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr

    return emit


def test_the_driver_tells_what_the_page_says(emit, amqp_url):
    driver, _ = (block.text for block in PAGE.blocks("ini service.conf"))
    _, *tail = shlex.split(PAGE.block("sh tail"))

    with Running(*tail, "--format", "json", AMQP_URL=amqp_url) as tail:
        tail.note()
        emit(driver)
        event = from_cloudevent(json.loads(tail.line()))

    assert wire.routing_key(event) == KEY
    assert event.source == "compute.host-1"
    assert event.data == {
        "engine": "compute",
        "workbook": "compute",
        "project": "acme",
        "execution": {"id": event.id},
        "task": {"name": "compute.instance.create.end"},
        "priority": "INFO",
        "payload": {"instance_id": "i1", "tenant_id": "acme"},
    }


def test_the_section_on_the_page_is_understood(tmp_path):
    _, section = (block.text for block in PAGE.blocks("ini service.conf"))

    settings = of_host(configuration(tmp_path, section), environ={})

    assert settings.bus.url == "amqp://nova:password@broker/events"
    assert settings.project == "operations"


def test_the_bridge_hears_and_the_listener_of_the_page_is_told(
    emit, tmp_path, amqp_url
):
    path = tmp_path / "bridge.conf"
    named = load_url(path)
    path.write_text(path.read_text().replace(named, amqp_url))

    options = ("--config-file", str(path))
    with (
        Ledger() as ledger,
        BridgeProcess(tmp_path, options=options) as bridge,
        BridgeClient(bridge.url) as client,
    ):
        listener = json.loads(PAGE.block("json listener"))
        client.listeners.add({**listener, "callback": {"url": ledger.url}})
        emit("[oslo_messaging_notifications]\ndriver = messagingv2")
        bridge.wait_until(lambda: "consuming queue=bridge.notifications" in bridge.said)
        emit("[oslo_messaging_notifications]\ndriver = messagingv2")
        bridge.wait_until(lambda: len(ledger.ids) == 1)


def load_url(path):
    """Write the page's bridge.conf and return the URL in it, having read the rest."""
    text = PAGE.block("ini bridge.conf")
    path.write_text(text)
    heard = load(path, environ={}).notifications
    assert heard.topics == ("notifications.info", "notifications.error")
    assert heard.exchanges == ("openstack",)
    return text.split("url = ")[1].strip()


def test_an_engine_reaches_exchange_and_topic_as_the_page_says(amqp_url, tmp_path):
    for way in ("direct", "through"):
        code = PAGE.block(f"python {way}").replace(
            PAGES_BROKER, amqp_url[len("amqp://") :]
        )
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
    path = tmp_path / "bridge.conf"
    path.write_text(PAGE.block("ini through"))
    topic = load(path, environ={}).notifications

    with Connection(amqp_url) as connection:
        channel = connection.default_channel
        direct = channel.basic_get(BRIDGE_QUEUE, no_ack=True)
        through = channel.basic_get(topic.queue, no_ack=True)
    assert direct.headers["cloudEvents_subject"] == "executions/e1/tasks/charge"
    assert wire.from_oslo({}, through.body).subject == "executions/e2/tasks/charge"
    assert topic.topics == (topic.queue,)


def test_each_binding_gets_what_the_page_says():
    by_type, by_service, of_another = (b for b, _ in PAGE.table("binding", "gets"))
    volumes = KEY.replace(".compute.", ".volume.")

    assert accepts(by_type, KEY)
    assert accepts(by_service, KEY)
    assert not accepts(by_service, volumes)
    assert not accepts(of_another, KEY)
    assert accepts(of_another, volumes)

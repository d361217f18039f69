# SPDX-License-Identifier: Apache-2.0
"""What docs/how-to says of listeners and of running a bridge is so."""

import json
import re
import shlex

import pytest
import requests
from kombu import Connection, Exchange, Queue

from tests.acceptance.terminals import until
from tests.pages import Page

LISTENERS = Page("docs/how-to/listeners.md")
OPERATE = Page("docs/how-to/operate.md")

in_process = pytest.mark.parametrize("bus_url", ["in-process"], indirect=True)
on_rabbitmq = pytest.mark.parametrize("bus_url", ["RabbitMQ"], indirect=True)


@in_process
@pytest.mark.parametrize("text", [block.text for block in LISTENERS.blocks("json")])
def test_every_listener_in_the_page_is_taken(client, text):
    added = client.listeners.add(json.loads(text))

    assert added["callback"]["url"] == "http://127.0.0.1:9000/hook"


@in_process
def test_the_whole_shape_in_the_page_shows_the_defaults(client):
    whole = json.loads(LISTENERS.blocks("json")[0].text)
    callback = {"url": whole["callback"]["url"]}
    least = client.listeners.add({"events": whole["events"], "callback": callback})

    for name in ("retry", "max_in_flight", "enabled", "workflow"):
        assert least[name] == whole[name]
    for name in ("type", "method", "mode", "timeout_seconds"):
        assert least["callback"][name] == whole["callback"][name]


@in_process
def test_every_command_in_the_page_works(terminal, bridge):
    for block in LISTENERS.blocks("sh"):
        if not block.text.startswith("curl"):
            terminal.run(block.text)

    (curl,) = [b.text for b in LISTENERS.blocks("sh") if b.text.startswith("curl")]
    _, _, _, header, url, _, body = shlex.split(curl.replace("\\\n", " "))
    answer = requests.post(
        url.replace("http://127.0.0.1:8990", bridge.url),
        data=body,
        headers=dict([header.split(": ")]),
        timeout=10,
    )
    assert answer.status_code == 201


@on_rabbitmq
def test_the_callback_to_an_exchange_works_as_the_page_says(client, engine, bus_url):
    with Connection(bus_url) as connection:
        billing = Queue("in", Exchange("billing", "topic"), routing_key="#")
        consumer = billing.bind(connection)
        consumer.declare()
        client.listeners.add(json.loads(LISTENERS.block("json amqp")))

        engine.task_failed("charge", execution="e1", workbook="orders")

        message = until(consumer.get, lambda got: got is not None)
        (delivery,) = until(lambda: list(client.deliveries.find()), bool)
    assert message.delivery_info["routing_key"] == "default.orders.tasks"
    assert message.payload["data"]["task"] == {"name": "charge"}
    assert message.headers["webhook-id"] == delivery["id"]
    assert message.headers["cloudEvents_type"] == "task.failed"


@in_process
def test_every_metric_is_in_the_page_and_no_other(bridge):
    shown = requests.get(f"{bridge.url}/metrics", timeout=10).text
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", shown, re.MULTILINE))

    told = [name for name, _ in OPERATE.table("metric", "counts")]

    assert sorted(told) == sorted(
        name for name in kinds if not name.endswith("_created")
    )


@in_process
def test_the_probes_in_the_page_answer(bridge):
    for paths, _ in OPERATE.table("path", "answers"):
        url = bridge.url + paths
        until(lambda url=url: requests.get(url, timeout=10).status_code, (200).__eq__)

# SPDX-License-Identifier: Apache-2.0
"""etc/rabbitmq/definitions.json on a real broker: it holds what its page promises."""

import json
import logging
from contextlib import nullcontext
from datetime import timedelta
from urllib.parse import quote

import amqp
import pytest

from bridge.client import BridgeClient, ClientError
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
from tests.acceptance.terminals import until
from tests.pages import ROOT, Page
from tests.servers.rabbitmq import RabbitNode

DEFINITIONS = ROOT / "etc/rabbitmq/definitions.json"
PAGE = Page("docs/how-to/rabbitmq.md")
PASSWORD = "of this test"
USERS = ("engine", "bridge", "acme")
TIMEOUT = timedelta(seconds=20)


@pytest.fixture(scope="module")
def node():
    """A broker that was laid out as the page says, up to the passwords."""
    with RabbitNode() as node:
        node.ctl("import_definitions", str(DEFINITIONS))
        yield node


@pytest.fixture(scope="module")
def broker(node):
    """The same with passwords."""
    set_passwords(node)
    return node


def set_passwords(node):
    for name in USERS:
        node.management.put(f"/api/users/{name}", {"password": PASSWORD, "tags": ""})


@pytest.fixture
def channel_of(broker):
    """Open a channel of a user's."""
    opened = []

    def channel_of(user, password=PASSWORD):
        connection = amqp.Connection(
            f"127.0.0.1:{broker.port}", userid=user, password=password
        )
        connection.connect()
        opened.append(connection)
        return connection.channel()

    yield channel_of
    for connection in opened:
        connection.collect()


@pytest.fixture
def url_of(broker):
    """Return the URL that a user connects by."""
    return lambda user: f"amqp://{user}:{quote(PASSWORD)}@127.0.0.1:{broker.port}/%2F"


def an_event(project):
    return Event.new("task.failed", execution="e1", task="charge", project=project)


def test_nobody_signs_in_before_a_password_is_set(node):
    fresh = json.loads(DEFINITIONS.read_text())["users"]
    for user in fresh:
        # as it is imported, whatever the tests before have set
        node.management.put(f"/api/users/new-{user['name']}", user | {"tags": ""})
        for password in ("", user["name"], f"new-{user['name']}"):
            connection = amqp.Connection(
                f"127.0.0.1:{node.port}",
                userid=f"new-{user['name']}",
                password=password,
            )
            with pytest.raises(amqp.AccessRefused):
                connection.connect()

    assert [user["name"] for user in fresh] == list(USERS)


def attempt(channel, operation):
    """Do what a row of the page's table says."""
    what, *words = operation.split(" ")
    match what:
        case "queue.declare":
            channel.queue_declare(*words, durable=True, auto_delete=False)
        case "exchange.declare":
            channel.exchange_declare(*words, "topic", auto_delete=False)
        case "queue.bind":
            channel.queue_bind(*words)
        case "exchange.bind":
            channel.exchange_bind(*words)
        case "queue.delete":
            channel.queue_delete(*words)
        case "basic.get":
            channel.basic_get(*words)
        case "basic.publish":
            channel.confirm_select()
            channel.basic_publish_confirm(amqp.Message(b"{}"), *words)
        case other:
            pytest.fail(f"the test does not know {other}")


@pytest.mark.parametrize(
    ("user", "operation", "answer"), PAGE.table("user", "operation", "answer")
)
def test_the_broker_answers_as_the_table_says(channel_of, user, operation, answer):
    if user == "acme":
        channel = channel_of(user)
        channel.queue_declare("acme.in", durable=True, auto_delete=False)
        channel.exchange_declare("acme.on", "topic", auto_delete=False)

    refused = pytest.raises(amqp.AccessRefused)
    with refused if answer == "refused" else nullcontext():
        attempt(channel_of(user), operation)

    assert answer in ("ok", "refused")


def test_a_consumer_gets_its_projects_events_and_no_others(channel_of, url_of):
    channel = channel_of("acme")
    channel.queue_declare("acme.mine", durable=True, auto_delete=False)
    channel.queue_bind("acme.mine", "workflow.events", "task.*.acme.#")

    with AmqpPublisher(url_of("engine"), bridge_queue=None) as engine:
        engine.publish([an_event("globex"), an_event("acme")], timeout=TIMEOUT)

    message = channel.basic_get("acme.mine")
    assert message.delivery_info["routing_key"] == "task.failed.acme.-.-.charge"
    assert message.delivery_info["message_count"] == 0


def test_a_consumer_may_watch_by_a_queue_that_the_broker_names(channel_of):
    channel = channel_of("acme")

    queue = channel.queue_declare("", exclusive=True).queue

    channel.queue_bind(queue, "workflow.events", "*.*.acme.#")
    assert channel.basic_get(queue) is None
    with pytest.raises(amqp.AccessRefused):
        channel.queue_bind(queue, "workflow.events", "#")


def test_an_engine_that_leaves_the_queue_alone_is_not_warned(url_of, caplog):
    with (
        caplog.at_level(logging.WARNING),
        AmqpPublisher(url_of("engine"), bridge_queue=None) as engine,
    ):
        engine.publish([an_event("acme")], timeout=TIMEOUT)

    assert caplog.records == []


def test_a_bridge_works_with_the_rights_of_its_user(
    channel_of, url_of, tmp_path, caplog
):
    stray = amqp.Message(b"no event", content_type="application/json")
    channel_of("guest", "guest").basic_publish(stray, "workflow.events", "x")
    settings = Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{tmp_path / 'bridge.sqlite3'}"),
        bus=BusSettings(url=url_of("bridge")),
        secrets=SecretSettings(key_file=tmp_path / "bridge.key"),
    )
    event = an_event("acme")
    with (
        caplog.at_level(logging.WARNING),
        EmbeddedBridge(settings) as bridge,
        BridgeClient(bridge.url) as client,
    ):
        bridge.publisher.publish([event], timeout=TIMEOUT)
        until(lambda: found(client, event), bool)
        until(lambda: is_set_aside(client), bool)

    assert [one for one in caplog.records if one.name.startswith("notifier")] == []


def found(client, event):
    """Return the event once the bridge has taken it in."""
    try:
        return client.get_event(event.id)
    except ClientError:
        return None


def is_set_aside(client):
    """Tell whether the stray of this test is in the quarantine."""
    found = [client.quarantine.get(one["id"]) for one in client.quarantine.find()]
    return "no event" in [one["body"] for one in found]


def test_every_policy_in_the_table_is_at_work(broker, channel_of):
    channel_of("acme").queue_declare("acme.in", durable=True, auto_delete=False)
    policies = [name for name, *_ in PAGE.table("policy", "on", "says")]

    listed = broker.ctl("list_queues", "--no-table-headers", "name", "policy", "type")

    rows = [line.split("\t") for line in listed.splitlines()]
    in_force = {name: policy for name, policy, _ in rows}
    queues = ("bridge", "workflow.events.quarantine", "acme.in")
    assert [in_force[queue] for queue in queues] == policies
    assert ["bridge", "bridge", "quorum"] in rows


def test_importing_again_takes_the_passwords_away(broker, channel_of):
    broker.ctl("import_definitions", str(DEFINITIONS))
    try:
        with pytest.raises(amqp.AccessRefused):
            channel_of("engine")
    finally:
        set_passwords(broker)

    channel_of("engine").queue_declare("bridge", passive=True)


def test_engines_may_wait_for_listeners(url_of, tmp_path):
    """RabbitMQ asks for no permission where replies go directly to who asked."""
    settings = Settings(
        api=ApiSettings(port=0),
        bus=BusSettings(url=url_of("bridge")),
        database=DatabaseSettings(f"sqlite:///{tmp_path}/bridge.sqlite3"),
        secrets=SecretSettings(key_file=tmp_path / "bridge.key"),
    )
    event = an_event("acme")
    with (
        EmbeddedBridge(settings),
        AmqpPublisher(url_of("engine"), bridge_queue=None) as publisher,
    ):
        assert publisher.call(event, timeout=TIMEOUT) == ()


def is_kept(client, event):
    try:
        return client.get_event(event.id)
    except ClientError:
        return None


def test_a_bridge_that_may_not_reply_takes_events_all_the_same(
    broker, url_of, tmp_path, caplog
):
    may_write = "^(workflow[.]events.*|bridge)$"
    broker.management.add_user("mute", PASSWORD, "/", write=may_write)
    settings = Settings(
        api=ApiSettings(port=0),
        bus=BusSettings(url=url_of("mute")),
        database=DatabaseSettings(f"sqlite:///{tmp_path}/bridge.sqlite3"),
        secrets=SecretSettings(key_file=tmp_path / "bridge.key"),
    )
    event = an_event("acme")
    with (
        caplog.at_level(logging.WARNING),
        EmbeddedBridge(settings) as bridge,
        AmqpPublisher(url_of("engine"), bridge_queue=None) as publisher,
        BridgeClient(bridge.url) as client,
    ):
        assert publisher.call(event, timeout=timedelta(seconds=1)) is None
        until(lambda: is_kept(client, event), bool)
        assert client.health() == []

    assert "a verdict cannot be told" in caplog.text
    assert "the bus is lost" not in caplog.text
    broker.management.drop_user("mute")

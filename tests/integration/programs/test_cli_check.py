# SPDX-License-Identifier: Apache-2.0
"""``notifier check`` on a real RabbitMQ."""

import json
from datetime import timedelta

import pytest
from kombu import Connection

from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from tests.integration.commands import notifier

SHORTLY = timedelta(seconds=10)


@pytest.fixture
def broker(amqp_url):
    with Connection(amqp_url) as connection:
        yield connection


@pytest.fixture
def _one_event(amqp_url):
    with AmqpPublisher(amqp_url) as publisher:
        event = Event.new("execution.started", execution="e1")
        publisher.publish([event], timeout=SHORTLY)


def waiting(broker):
    return broker.default_channel.queue_declare("bridge", passive=True).message_count


def test_on_a_new_broker_all_is_still_to_be_declared(amqp_url):
    done = notifier("check", AMQP_URL=amqp_url)

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok      RabbitMQ ")
    assert "guest:guest" not in lines[0]
    assert lines[1] == "warning exchange workflow.events does not exist yet"
    assert lines[2] == "        the first event declares it, if the user may"
    assert lines[3] == "warning queue bridge does not exist yet"


@pytest.mark.usefixtures("_one_event")
def test_messages_that_nobody_takes_are_warned_of(amqp_url):
    done = notifier("check", AMQP_URL=amqp_url)

    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[1] == (
        "ok      events may be published to workflow.events, with confirms"
    )
    assert lines[2] == (
        "warning queue bridge: messages 1, consumers 0: nobody takes them"
    )
    assert "notifier-bridge serve" in lines[3]


@pytest.mark.usefixtures("_one_event")
def test_it_publishes_nothing(amqp_url, broker):
    notifier("check", AMQP_URL=amqp_url)

    assert waiting(broker) == 1


@pytest.mark.usefixtures("_one_event")
def test_a_queue_with_a_consumer_is_well(amqp_url, broker):
    broker.default_channel.basic_consume("bridge")

    done = notifier("check", "--format", "json", AMQP_URL=amqp_url)

    said = json.loads(done.stdout)
    assert said["ok"] is True
    assert said["findings"][2]["grade"] == "ok"
    assert said["findings"][2]["text"].endswith("consumers 1")


def test_without_a_bridge_its_queue_is_not_missed(amqp_url):
    done = notifier("check", AMQP_URL=amqp_url, OS_BUS__BRIDGE_QUEUE="false")

    assert "queue" not in done.stdout


def test_a_user_who_may_not_publish_is_told(own_rabbit):
    with AmqpPublisher(own_rabbit.url) as publisher:
        event = Event.new("execution.started", execution="e1")
        publisher.publish([event], timeout=SHORTLY)
    own_rabbit.ctl("add_user", "reader", "secret")
    own_rabbit.ctl("set_permissions", "reader", "^$", "^$", ".*")
    url = own_rabbit.url.replace("guest:guest", "reader:secret")

    done = notifier("check", AMQP_URL=url)

    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith(
        "fault   events may not be published: ACCESS_REFUSED"
    )
    assert "write permission on workflow.events" in done.stderr


@pytest.mark.parametrize(
    ("replaced", "by", "said"),
    [
        ("guest:guest", "guest:wrong", "ACCESS_REFUSED"),
        ("/test-", "/no-", "not found"),
    ],
    ids=["password", "virtual host"],
)
def test_a_broker_that_refuses_is_told(amqp_url, replaced, by, said):
    done = notifier("check", AMQP_URL=amqp_url.replace(replaced, by))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fault   the broker on amqp://guest:***@")
    assert said in done.stderr
    assert "correct user, password and virtual host" in done.stderr


def test_a_broker_that_is_away_is_told():
    done = notifier("check", AMQP_URL="amqp://me:secret@127.0.0.1:1/")

    assert (done.returncode, done.stdout) == (1, "")
    assert "no broker answers on amqp://me:***@127.0.0.1:1/" in done.stderr
    assert "start the broker, or correct AMQP_URL" in done.stderr

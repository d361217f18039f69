# SPDX-License-Identifier: Apache-2.0
"""What publishing finds, declares or may not declare on RabbitMQ."""

import logging
import uuid
from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import kombu
import pytest

from notifier import topology
from notifier.errors import Refused
from notifier.publishers.amqp import AmqpPublisher
from tests.integration.messages import numbered, outgoing, taken

TIMEOUT = timedelta(seconds=20)


@pytest.fixture
def channel(amqp_url):
    with kombu.Connection(amqp_url) as connection:
        yield connection.channel()


@pytest.fixture
def publisher(amqp_url):
    with AmqpPublisher(amqp_url) as publisher:
        yield publisher


@pytest.fixture
def limited(rabbit, amqp_url):
    """Return a function that makes a user with given permissions, and its URL."""
    if not getattr(rabbit, "gives_vhosts", True):
        pytest.skip("AMQP_URL: no management API, so no users of our own")
    names = []

    def url_with(**permissions):
        name = f"user-{uuid.uuid4()}"
        parts = urlsplit(amqp_url)
        vhost = unquote(parts.path[1:])
        rabbit.management.add_user(name, "s3cret", vhost, **permissions)
        names.append(name)
        address = f"{name}:s3cret@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=address))

    yield url_with
    for name in names:
        rabbit.management.drop_user(name)


def arguments_of(rabbit, url, queue):
    vhost = quote(unquote(urlsplit(url).path[1:]), safe="")
    return rabbit.management.get(f"/api/queues/{vhost}/{queue}")["arguments"]


def test_the_first_event_declares_the_exchange_and_the_bridges_queue(
    rabbit, amqp_url, publisher, channel
):
    publisher.publish([numbered(1)], timeout=TIMEOUT)

    channel.exchange_declare("workflow.events", "topic", durable=True, passive=True)
    assert arguments_of(rabbit, amqp_url, "bridge") == {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "workflow.events.dead",
    }
    assert taken(channel, "bridge") == ["e1-1"]


def test_a_queue_that_exists_is_used_whatever_its_arguments(
    rabbit, amqp_url, publisher, channel
):
    channel.queue_declare(
        "bridge", durable=True, auto_delete=False, arguments={"x-max-length": 10}
    )

    publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert arguments_of(rabbit, amqp_url, "bridge") == {"x-max-length": 10}
    assert taken(channel, "bridge") == ["e1-1"]


def test_a_queue_that_was_declared_otherwise_meanwhile_is_used_and_told_of(
    channel, caplog
):
    class LateConnection:
        """Finds the queue missing, which is there a moment later."""

        channel_errors = kombu.Connection("amqp://").channel_errors

        def channel(self):
            return self

        def __getattr__(self, name):
            return getattr(channel, name)

        def queue_declare(self, name, *, passive=False, **rest):
            name = "not yet there" if passive else name
            return channel.queue_declare(name, passive=passive, **rest)

        def close(self):
            """Leave the test's channel open."""

    channel.queue_declare("bridge", durable=True, auto_delete=False)

    with caplog.at_level(logging.WARNING):
        topology.declare(LateConnection())

    (record,) = caplog.records
    assert "used, though it differs" in record.message
    assert "inequivalent arg" in record.fault


def test_the_quarantine_keeps_what_is_published_to_it(amqp_url, publisher, channel):
    with kombu.Connection(amqp_url) as connection:
        topology.declare_quarantine(connection)
        topology.declare_quarantine(connection)

    publisher.send([outgoing("workflow.events.dead", 1)], timeout=TIMEOUT)

    assert taken(channel, "workflow.events.quarantine") == ["1"]


def test_without_the_permission_to_declare_what_exists_is_used(limited, channel):
    channel.exchange_declare("workflow.events", "topic", auto_delete=False)
    channel.queue_declare("bridge", durable=True, auto_delete=False)
    channel.queue_bind("bridge", "workflow.events", "#")

    with AmqpPublisher(limited(write="workflow.*")) as publisher:
        publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert taken(channel, "bridge") == ["e1-1"]


@pytest.mark.parametrize(
    ("configure", "missing"),
    [("", "topic exchange workflow.events"), ("workflow.*", "queue bridge")],
)
def test_without_the_permission_to_declare_the_error_says_what_is_missing(
    limited, configure, missing
):
    with (
        AmqpPublisher(limited(configure=configure)) as publisher,
        pytest.raises(Refused, match=f"the {missing} is missing") as caught,
    ):
        publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert caught.value.event_ids == ("e1-1",)
    assert "s3cret" not in str(caught.value)


def test_a_wrong_password_is_told_at_once(amqp_url):
    parts = urlsplit(amqp_url)
    wrong = parts._replace(netloc=f"guest:wr0ng@{parts.hostname}:{parts.port}")

    with (
        AmqpPublisher(urlunsplit(wrong)) as publisher,
        pytest.raises(Refused, match="ACCESS_REFUSED") as caught,
    ):
        publisher.publish([numbered(1)], timeout=TIMEOUT)

    assert "wr0ng" not in f"{caught.value}{publisher!r}"


def test_an_exchange_that_was_deleted_is_declared_again(publisher, channel):
    publisher.publish([numbered(1)], timeout=TIMEOUT)
    channel.exchange_delete("workflow.events")

    publisher.publish([numbered(2)], timeout=TIMEOUT)

    assert taken(channel, "bridge") == ["e1-1", "e1-2"]


def test_a_message_that_may_not_be_published_holds_back_no_other(
    rabbit, limited, channel
):
    channel.exchange_declare("theirs", "topic", durable=True, auto_delete=False)
    channel.queue_declare("mine", durable=True, auto_delete=False)
    channel.queue_bind("mine", "theirs", "#")
    url = limited()
    path = f"{quote(unquote(urlsplit(url).path[1:]), safe='')}/{urlsplit(url).username}"
    rabbit.management.put(
        f"/api/topic-permissions/{path}",
        {"exchange": "theirs", "write": "^good", "read": ""},
    )
    messages = [
        outgoing("theirs", n, "bad" if n in (3, 7) else "good") for n in range(10)
    ]

    with AmqpPublisher(url) as publisher:
        errors = publisher.attempt(messages, timeout=TIMEOUT)
        publisher.send([outgoing("theirs", 10, "good")], timeout=TIMEOUT)

    failed = [error.event_ids for error in errors if error is not None]
    arrived = list(dict.fromkeys(taken(channel, "mine")))
    assert failed == [("3",), ("7",)]
    assert "access to topic 'bad'" in str(errors[3])
    assert arrived == [str(n) for n in range(11) if n not in (3, 7)]

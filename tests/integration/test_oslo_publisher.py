# SPDX-License-Identifier: Apache-2.0
"""Publishing through oslo.messaging: with a service's configuration, and through faults."""

import gc
import logging
from datetime import timedelta

import pytest
from kombu import Connection

from notifier import Event, connect
from notifier.errors import SettingsError, Unreachable
from notifier.publishers.oslo import OsloPublisher
from notifier.wire import from_oslo
from tests.hosts import configuration
from tests.openstack import transport_url
from tests.servers.proxy import Proxy

TIMEOUT = timedelta(seconds=20)
SHORTLY = timedelta(seconds=1)


def an_event(name):
    return Event.new("task.failed", event_id=name, execution="e1", task="charge")


def names(amqp_url, queue):
    """Return which events are in a queue."""
    with Connection(amqp_url) as connection:
        channel = connection.default_channel
        came = iter(lambda: channel.basic_get(queue, no_ack=True), None)
        return [from_oslo({}, message.body).id for message in came]


def test_a_services_configuration_says_where_to(tmp_path, amqp_url):
    conf = configuration(
        tmp_path, transport_url=transport_url(amqp_url), control_exchange="billing"
    )
    with OsloPublisher(conf=conf, topic="events") as publisher:
        publisher.publish([an_event("1"), an_event("2")], timeout=TIMEOUT)

    with Connection(amqp_url) as connection:
        channel = connection.default_channel
        channel.exchange_declare("billing", "topic", passive=True)
        channel.queue_declare("events.info", passive=True)
    assert names(amqp_url, "events.info") == ["1", "2"]


def test_with_a_url_alone_what_is_confirmed_is_durable(amqp_url):
    with OsloPublisher(transport_url(amqp_url)) as publisher:
        publisher.publish([an_event("1")], timeout=TIMEOUT)

    with Connection(amqp_url) as connection:
        channel = connection.channel()
        # The broker refuses to declare what is there otherwise.
        channel.queue_declare("workflow_events.info", durable=True, auto_delete=False)
        message = channel.basic_get("workflow_events.info", no_ack=True)
    assert message.properties["delivery_mode"] == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_after_a_lost_connection_it_goes_on(amqp_url, caplog):
    # Its records would hold the lost socket, which oslo.messaging does not close.
    caplog.set_level(logging.CRITICAL, "oslo.messaging")
    with (
        Proxy(amqp_url) as proxy,
        OsloPublisher(transport_url(proxy.url)) as publisher,
    ):
        publisher.publish([an_event("1")], timeout=TIMEOUT)
        proxy.reset()

        publisher.publish([an_event("2"), an_event("3")], timeout=TIMEOUT)

    gc.collect()  # here the socket is complained of, and not in another test
    assert names(amqp_url, "workflow_events.info") == ["1", "2", "3"]


def test_where_nobody_listens_it_says_so_in_time():
    with (
        OsloPublisher("rabbit://me:secret@127.0.0.1:9/") as publisher,
        pytest.raises(Unreachable, match=r"127\.0\.0\.1:9: .*refused") as caught,
    ):
        publisher.publish([an_event("1")], timeout=SHORTLY)

    assert caught.value.event_ids == ("1",)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["oslo+rabbit://h:port/", "oslo+nothing://me:secret@h"])
def test_a_transport_that_there_is_not_is_refused(url):
    with pytest.raises(SettingsError) as caught:
        connect(url)

    assert "secret" not in str(caught.value)


def test_a_transport_of_no_driver_is_refused():
    with pytest.raises(SettingsError, match="knows no such transport"):
        OsloPublisher("nothing://me:secret@h")

# SPDX-License-Identifier: Apache-2.0
"""A bridge hears what services emit through real oslo.messaging, and changes nothing there."""

import json

import amqp
import pytest

from bridge.client import BridgeClient
from bridge.model import State
from notifier import Event, connect
from notifier.topology import NOTIFICATION_QUEUE
from notifier.wire import from_cloudevent
from tests.bridges import BridgeProcess
from tests.hosts import configuration
from tests.openstack import emitter, transport_url

TOPIC = "notifications.info"
DRIVERS = "[oslo_messaging_notifications]\ndriver = "
OF_TOPIC = ("TOPICS", "QUEUE")
SETTINGS = {"OS_NOTIFICATIONS__TOPICS": "notifications.*"}


@pytest.fixture
def service(tmp_path, amqp_url):
    """Return what a service emits with, as it is configured out of the box."""

    def emitting(*lines, drivers="messagingv2", **defaults):
        url = transport_url(amqp_url)
        conf = configuration(
            tmp_path, f"{DRIVERS}{drivers}", *lines, transport_url=url, **defaults
        )
        return emitter(conf)

    return emitting


@pytest.fixture
def run(tmp_path, ledger):
    """Return a bridge that is to be entered, with a listener for all that it hears."""

    class Hearing(BridgeProcess):
        def __enter__(self):
            super().__enter__()
            self.add_listener(ledger.url)
            return self

        def wait_until_heard(self, queue=NOTIFICATION_QUEUE, times=1):
            consuming = f"consuming queue={queue}"
            self.wait_until(lambda: self.said.count(consuming) >= times)

    def hearing(amqp_url=None, **environment):
        return Hearing(tmp_path, amqp_url, **{**SETTINGS, **environment})

    return hearing


def emit_many(emit, count):
    for number in range(count):
        emit.info({}, "image.upload", {"number": number})


def waiting(channel, queue):
    """Return how many messages a queue has, though nobody reads them."""
    return channel.queue_declare(queue, passive=True).message_count


def test_a_bridge_without_a_bus_hears_a_service_and_leaves_it_its_own_queue(
    run, service, ledger, channel, amqp_url
):
    with (
        service() as emit,
        run(OS_NOTIFICATIONS__URL=transport_url(amqp_url)) as bridge,
    ):
        emit.info({}, "image.upload", {"before": "the exchange was there"})
        bridge.wait_until_heard()
        emit.info({}, "image.create", {})
        emit.error({}, "image.delete", {})
        bridge.wait_until(lambda: len(ledger.ids) == 2)
        bridge.wait_until(lambda: set(bridge.states().values()) == {State.DELIVERED})

        assert waiting(channel, TOPIC) == 2
        assert waiting(channel, "notifications.error") == 1
        assert waiting(channel, NOTIFICATION_QUEUE) == 0


def test_what_is_published_by_the_driver_and_heard_too_is_one_event(
    run, service, ledger, channel, amqp_url
):
    channel.exchange_declare("openstack", "topic", auto_delete=False)
    with (
        run(amqp_url) as bridge,
        service(drivers="messagingv2\ndriver = workflow_events") as emit,
    ):
        bridge.wait_until_heard()
        emit_many(emit, 20)
        bridge.wait_until(lambda: len(ledger.ids) == 20)
        bridge.wait_until(lambda: bridge.metric("notifier_bridge_open_events") == 0)
        bridge.terminate()

        assert bridge.end() == 0
    assert [len(set(calls)) for calls in ledger.ids.values()] == [1] * 20
    assert waiting(channel, NOTIFICATION_QUEUE) == waiting(channel, "bridge") == 0


def test_a_bridge_that_is_killed_loses_nothing_that_a_service_emitted(
    run, service, ledger, channel, amqp_url
):
    channel.exchange_declare("openstack", "topic", auto_delete=False)
    with run(amqp_url) as bridge, service() as emit:
        bridge.wait_until_heard()
        ledger.hold()
        emit_many(emit, 20)
        bridge.wait_until(lambda: len(ledger.ids) == 20)
        bridge.kill()
        emit_many(emit, 20)
        ledger.release()

        bridge.start()
        bridge.wait_until(lambda: len(ledger.ids) == 40)
        bridge.terminate()

        assert bridge.end() == 0
        assert list(bridge.states().values()) == [State.DELIVERED] * 40
    assert all(len(set(calls)) == 1 for calls in ledger.ids.values())
    assert waiting(channel, NOTIFICATION_QUEUE) == 0


def test_what_is_no_notification_is_set_aside_and_the_next_one_comes(
    run, service, ledger, channel, amqp_url
):
    channel.exchange_declare("openstack", "topic", auto_delete=False)
    body = json.dumps({"oslo.message": json.dumps({"method": "build_instances"})})
    with run(amqp_url) as bridge, service() as emit:
        bridge.wait_until_heard()
        channel.basic_publish(amqp.Message(body), "openstack", TOPIC)
        emit.info({}, "image.upload", {})
        bridge.wait_until(lambda: len(ledger.ids) == 1)
        bridge.wait_until(bridge.quarantine)
        (stray,) = bridge.quarantine()

    assert stray["body"] == body
    assert stray["reason"] == "message_id: is missing"


def test_a_service_that_comes_later_keeps_no_other_waiting(
    run, service, ledger, channel, amqp_url
):
    channel.exchange_declare("nova", "topic", auto_delete=False)
    exchanges = {"OS_NOTIFICATIONS__EXCHANGES": "cinder, nova"}
    with run(amqp_url, **exchanges) as bridge:
        bridge.wait_until_heard()
        assert "no exchange 'cinder'" in bridge.said
        with service(control_exchange="nova") as emit:
            emit.info({}, "compute.instance.exists", {})
            bridge.wait_until(lambda: len(ledger.ids) == 1)

        channel.exchange_declare("cinder", "topic", auto_delete=False)
        bridge.wait_until_heard(times=2)
        with service(control_exchange="cinder") as emit:
            emit.info({}, "volume.create.end", {})
            bridge.wait_until(lambda: len(ledger.ids) == 2)


def test_a_services_own_queue_can_be_read_and_is_never_declared_here(
    run, service, ledger, channel, amqp_url
):
    channel.exchange_declare("openstack", "topic", auto_delete=False)
    own = {"OS_NOTIFICATIONS__TOPICS": TOPIC, "OS_NOTIFICATIONS__QUEUE": TOPIC}
    with run(amqp_url, **own) as bridge:
        bridge.wait_until(lambda: f"no queue '{TOPIC}'" in bridge.said)
        with service() as emit:
            emit_many(emit, 5)
            bridge.wait_until(lambda: len(ledger.ids) == 5)
        bridge.terminate()

        assert bridge.end() == 0
    assert waiting(channel, TOPIC) == 0


def test_an_event_published_through_oslo_messaging_arrives_as_it_was(
    run, ledger, amqp_url
):
    topic = {f"OS_NOTIFICATIONS__{name}": "workflow_events.info" for name in OF_TOPIC}
    event = Event.new(
        "task.failed",
        event_id="e1-1",
        source="/engines/1",
        execution={"id": "e1", "root_id": "r1", "error": "card declined"},
        task={"name": "Schlüssel.*#", "result": [1, 2.5, {"x": None}]},
        workbook="orders",
        attributes={"sequence": "7"},
        payload="語" * 100,
    )
    with (
        run(OS_NOTIFICATIONS__URL=amqp_url, **topic) as bridge,
        connect(f"oslo+{transport_url(amqp_url)}", on_error="raise") as notifier,
        BridgeClient(bridge.url) as client,
    ):
        notifier.notify(event)
        bridge.wait_until(lambda: ledger.ids and bridge.states())  # told, and recorded

        told = client.get_event("e1-1")["event"]
        assert from_cloudevent(told) == event

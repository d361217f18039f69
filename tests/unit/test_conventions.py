# SPDX-License-Identifier: Apache-2.0
"""Names and attributes of spans."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.semconv._incubating.attributes import (
    cloudevents_attributes,
    messaging_attributes,
)
from opentelemetry.semconv.attributes import (
    error_attributes,
    http_attributes,
    server_attributes,
    url_attributes,
)

from notifier.conventions import (
    BRIDGE,
    RABBITMQ,
    Destination,
    cloud_event,
    http_client,
    messaging,
    server,
    shown_url,
)
from notifier.event import Event

EVENT = Event.new("task.failed", event_id="7", execution="e1", task="charge")
BUS = Destination(RABBITMQ, "workflow.events", "amqp://me:secret@mq/v;amqp://b/v")
CONVENTIONS = {
    value
    for module in (
        cloudevents_attributes,
        messaging_attributes,
        error_attributes,
        http_attributes,
        server_attributes,
        url_attributes,
    )
    for value in vars(module).values()
    if isinstance(value, str)
}


def of(operation, destination, key="task.failed.default.-.-.charge"):
    return messaging(operation, destination, EVENT, routing_key=key)


def test_every_attribute_is_of_the_conventions():
    consumer = Destination(RABBITMQ, "workflow.events", BUS.url, "bridge")
    used = {
        *of("publish", BUS),
        *of("process", consumer),
        *http_client("POST", "https://example.org/hook", resends=2),
    }

    assert used <= CONVENTIONS


def test_a_message_tells_where_it_goes_and_what_it_is():
    told = of("publish", BUS)

    assert told == {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": "workflow.events",
        "messaging.message.id": "7",
        "messaging.rabbitmq.destination.routing_key": "task.failed.default.-.-.charge",
        "server.address": "mq",
        "server.port": 5672,
        **cloud_event(EVENT),
    }


def test_without_a_broker_there_is_neither_a_routing_key_nor_a_server():
    told = of("process", Destination(BRIDGE, "workflow.events"))

    assert told["messaging.system"] == "workflow_notifier"
    assert not [name for name in told if "rabbitmq" in name or "server" in name]


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("https://example.org/hook", "example.org", 443),
        ("http://example.org:8080", "example.org", 8080),
        ("http://[::1]/", "::1", 80),
        ("amqps://me:secret@mq//", "mq", 5671),
    ],
)
def test_a_server_has_its_port_also_where_the_url_has_none(url, address, port):
    assert server(url) == {"server.address": address, "server.port": port}


@pytest.mark.parametrize("url", ["", "https://", "http://a:b:c/", "http://[::1"])
def test_what_is_no_url_tells_nothing(url):
    assert server(url) == {}
    assert shown_url(url) == "REDACTED"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org", "https://example.org"),
        ("https://example.org/v1/order-hooks/", "https://example.org/v1/order-hooks/"),
        ("http://[::1]:8080/hook", "http://[::1]:8080/hook"),
        ("https://me:secret@example.org/hook", "https://example.org/hook"),
        (
            "https://example.org/hook?a=b&c",
            "https://example.org/hook?a=REDACTED&c=REDACTED",
        ),
        ("https://example.org/hook#secret", "https://example.org/hook"),
    ],
)
def test_of_a_url_is_shown_what_holds_no_secret(url, shown):
    assert shown_url(url) == shown


@given(st.binary(min_size=16, max_size=40))
def test_a_key_in_a_url_is_no_word(seed):
    for key in (seed.hex(), urlsafe_b64encode(seed).decode().strip("=") + "K3y"):
        assert key not in shown_url(f"https://example.org/hooks/{key}?{key}={key}")


def test_a_first_attempt_is_no_resend():
    assert "http.request.resend_count" not in http_client(
        "POST", "http://a/", resends=0
    )
    assert http_client("POST", "http://a/", resends=3)["http.request.resend_count"] == 3

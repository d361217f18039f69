# SPDX-License-Identifier: Apache-2.0
"""One event, told by a real bridge on a real RabbitMQ in every form that there is."""

import base64
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from kombu import Connection, Exchange, Queue

from bridge.client import BridgeClient
from bridge.embedded import EmbeddedBridge
from bridge.settings import (
    ApiSettings,
    BusSettings,
    CallbackSettings,
    DatabaseSettings,
    SecretSettings,
    Settings,
)
from notifier.event import Event
from notifier.topology import EXCHANGE
from tests.acceptance.endpoint import PATIENCE_SECONDS, Endpoint
from tests.interop import environment

AUDIT = "audit"
LOOK_SECONDS = 0.02
EVENT = Event.new(
    "task.failed",
    source="/engines/1?zone=a%20b",
    execution={"id": "e1", "state": "RUNNING", "error": None},
    task={"id": "t1", "name": 'größe "§" 100 %', "error": "card declined ☹"},
    workbook="bestellungen für 東京",
    project="acme",
    attributes={
        "sequence": "12",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
    payload={"amount": 129.5, "attempt": 3, "tags": ["a", None, True]},
)


ANOTHER = Event.new(
    "execution.failed",
    source="/engines/1?zone=a%20b",
    execution={"id": "e1", "state": "ERROR", "error": "card declined ☹"},
    project="acme",
)
"""Of a type that the batch's listener alone hears."""


@dataclass(frozen=True)
class Told:
    """What arrived.

    Attributes:
        webhooks: Name of the listener to what foreign code is given of its request.
        messages: Where from to what it is given of the message.
        url: Of the bridge, which still runs.
    """

    webhooks: dict
    messages: dict
    url: str


@pytest.fixture(scope="session", autouse=True)
def _installed():
    environment.main()


@pytest.fixture(scope="session")
def told(rabbit, tmp_path_factory):
    """The event, in every form."""
    home = tmp_path_factory.mktemp("interop")
    name = f"interop-{uuid.uuid4()}"
    settings = Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{home / 'bridge.sqlite3'}"),
        bus=BusSettings(url=rabbit.vhost(name)),
        callbacks=CallbackSettings(amqp_exchanges=(AUDIT,)),
        secrets=SecretSettings(key_file=home / "bridge.key"),
    )
    with EmbeddedBridge(settings) as bridge, Endpoint() as endpoint:
        yield _told(bridge, settings.bus.url, endpoint)
    rabbit.drop_vhost(name)


def _told(bridge, url, endpoint):
    with Connection(url) as connection, BridgeClient(bridge.url) as client:
        queues = {
            name: Queue(name, Exchange(exchange, "topic"), routing_key="#").bind(
                connection.channel()
            )
            for name, exchange in (("bus", EXCHANGE), ("callback", AUDIT))
        }
        for queue in queues.values():
            queue.declare()
        secrets = dict(_listeners(client, endpoint))
        bridge.publisher.publish([EVENT, ANOTHER], timeout=timedelta(seconds=20))
        came = [endpoint.next() for _ in secrets]
        webhooks = {
            one.path.removeprefix("/"): {
                "by": "http",
                "headers": dict(one.headers),
                "body": _text(one.body),
                "secret": secrets[one.path.removeprefix("/")],
            }
            for one in came
        }
        messages = {name: _message(one) for name, one in queues.items()}
        return Told(webhooks, messages, bridge.url)


def _listeners(client, endpoint):
    """Register one of each kind; yield the names of those by webhook, and secrets."""
    wanted = {"project": "acme", "events": ["TASK"]}
    audit = {"type": "amqp", "exchange": AUDIT, "format": "cloudevents"}
    client.listeners.add({**wanted, "callback": audit})
    for name, form, signing in (
        ("standard", "standard", "v1"),
        ("cloudevents", "cloudevents", "v1"),
        ("v1a", "standard", "v1a"),
        ("both", "cloudevents", "both"),
    ):
        callback = {"url": endpoint.url_of(f"/{name}"), "format": form}
        made = client.listeners.add(
            {**wanted, "callback": callback, "signing": signing}
        )
        yield name, made["public_key"] if signing == "v1a" else made["secret"]
    callback = {
        "url": endpoint.url_of("/batch"),
        "format": "cloudevents-batch",
        "batch": {"max_events": 2, "max_wait_ms": 20_000},
    }
    both = {**wanted, "events": ["TASK", "EXECUTION"], "callback": callback}
    yield "batch", client.listeners.add(both)["secret"]


def _message(queue):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (message := queue.get(no_ack=True)) is None:
        assert time.monotonic() < deadline, f"nothing came to {queue.name}"
        time.sleep(LOOK_SECONDS)
    return {
        "by": "amqp",
        "content_type": message.content_type,
        "headers": message.headers,
        "body": _text(
            message.body if isinstance(message.body, bytes) else message.body.encode()
        ),
    }


def _text(body):
    return base64.b64encode(body).decode()

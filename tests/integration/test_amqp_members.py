# SPDX-License-Identifier: Apache-2.0
"""What members of a project cannot do by AMQP callbacks, asked of the API as one of them."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from kombu import Connection, Exchange, Queue

from bridge.client import BridgeClient, ClientError
from bridge.embedded import EmbeddedBridge
from bridge.issuer import Issuer
from bridge.model import Role
from bridge.settings import (
    ApiSettings,
    BusSettings,
    CallbackSettings,
    DatabaseSettings,
    SecretSettings,
    Settings,
)
from bridge.store.database import Database
from bridge.store.tokens import TokenStore
from tests.outboxes import wait_until
from tests.served import KEY

ALLOWED = "relay"
TASK = {"execution": {"id": "e1"}, "task": {"name": "charge"}}
WAYS = {
    "create": lambda client, _, wanted: client.listeners.add(wanted),
    "replace": lambda client, known, wanted: client.listeners.replace(known, wanted),
    "patch": lambda client, known, wanted: client.listeners.patch(
        known, {"callback": {"exchange": None, **wanted["callback"]}}
    ),
    "workbook": lambda client, _, wanted: client.workbooks.apply(
        {"name": "w", "listeners": [wanted]}
    ),
}
ELSEWHERE = {
    "the events": {"exchange": "workflow.events"},
    "set aside": {"exchange": "workflow.events.dead"},
    "own events": {"exchange": "site.events"},
    "default": {"exchange": ""},
    "none": {},
    "of the broker": {"exchange": "amq.topic"},
    "another": {"exchange": "billing"},
    "another by its key": {"exchange": "billing", "routing_key": "relay"},
    "a broker": {"exchange": "amqp://elsewhere/relay"},
    "a URL beside": {"exchange": ALLOWED, "url": "amqp://elsewhere/"},
    "headers": {"exchange": ALLOWED, "headers": {"cloudEvents_project": "globex"}},
    "options": {"exchange": ALLOWED, "options": {"url": "amqp://elsewhere/"}},
    "a wild key": {"exchange": ALLOWED, "routing_key": "#"},
}


@pytest.fixture(scope="module")
def url(rabbit):
    """URL of a virtual host with an exchange that the operator allows, and one not."""
    name = f"members-{uuid.uuid4()}"
    url = rabbit.vhost(name)
    with Connection(url) as broker:
        for exchange in (ALLOWED, "billing"):
            Exchange(exchange, "topic", durable=True)(broker.default_channel).declare()
    yield url
    rabbit.drop_vhost(name)


@pytest.fixture(scope="module")
def bridge(tmp_path_factory, url):
    database = f"sqlite:///{tmp_path_factory.mktemp('home') / 'bridge.sqlite3'}"
    settings = Settings(
        api=ApiSettings(port=0, auth="token"),
        bus=BusSettings(url, exchange="site.events"),
        callbacks=CallbackSettings(amqp_exchanges=(ALLOWED, "workflow.events")),
        database=DatabaseSettings(database),
        secrets=SecretSettings(key=KEY),
    )
    with EmbeddedBridge(settings) as bridge:
        yield bridge, database


@pytest.fixture(scope="module")
def member(bridge):
    """A client with a member's token for the project acme."""
    running, database_url = bridge
    with Database(database_url) as database:
        issuer = Issuer(TokenStore(database), lambda: datetime.now(UTC))
        issued = issuer.issue("acme", Role.MEMBER, life=timedelta(days=1))
    with BridgeClient(running.url, token=issued.text) as client:
        wait_until(lambda: client.health() == [])
        yield client


@pytest.fixture(scope="module")
def known(member):
    return member.listeners.add(
        {"events": ["TASK"], "callback": {"type": "amqp", "exchange": ALLOWED}}
    )


@pytest.fixture
def relayed(url):
    """Returns so many messages that the bridge has published to the allowed exchange."""
    with Connection(url) as broker:
        channel = broker.default_channel
        queue = Queue(f"seen-{uuid.uuid4()}", Exchange(ALLOWED, "topic"), "#")(channel)
        queue.declare()
        found = []

        def relayed(count):
            if (message := queue.get(no_ack=True)) is not None:
                found.append(message)
            return len(found) >= count

        yield lambda count: wait_until(lambda: relayed(count)) or found
        queue.delete()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_member_leads_no_callback_elsewhere(member, known, way, where):
    callback = {"type": "amqp", **ELSEWHERE[where]}
    listener = {"events": ["TASK"], "callback": callback}

    with pytest.raises(ClientError) as refused:
        WAYS[way](member, known["id"], listener)

    assert refused.value.status == 422
    assert "callback" in str(refused.value) or "listeners" in str(refused.value)
    assert member.listeners.get(known["id"])["callback"]["exchange"] == ALLOWED


@pytest.mark.usefixtures("known")
def test_what_a_member_has_published_says_whose_it_is(member, relayed):
    forged = {"type": "amqp", "exchange": ALLOWED, "routing_key": "globex.task.failed"}
    member.listeners.add({"events": ["TASK"], "callback": forged})
    member.publish({"type": "task.failed", "data": TASK})

    found = relayed(2)

    assert {one.delivery_info["routing_key"] for one in found} == {
        "acme.task.failed.acme.-.-.charge",
        "acme.globex.task.failed",
    }
    assert {one.headers["cloudEvents_project"] for one in found} == {"acme"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.listeners.add(
            {
                "project": "globex",
                "events": ["TASK"],
                "callback": {"type": "amqp", "exchange": ALLOWED},
            }
        ),
        lambda client: client.publish(
            {"type": "task.failed", "data": {**TASK, "project": "globex"}}
        ),
    ],
    ids=["a listener", "an event"],
)
def test_a_member_speaks_for_no_other_project(member, ask):
    with pytest.raises(ClientError) as refused:
        ask(member)

    assert refused.value.status == 403

# SPDX-License-Identifier: Apache-2.0
"""What several integration tests hold in their hands."""

import pytest
import requests

from bridge.client import BridgeClient
from bridge.model import ListenerId
from bridge.store import schema
from bridge.store.database import Database
from notifier.notifier import Notifier
from notifier.publishers.dial import client_of
from notifier.publishers.memory import MemoryPublisher
from tests.integration import telling
from tests.ledger import Ledger
from tests.served import ServedApi
from tests.stored import Stores

HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def events():
    return []


@pytest.fixture
def notifier(events):
    bus = MemoryPublisher()
    bus.bind("#", lambda published: events.extend(one.event for one in published))
    with Notifier(bus, source="/engines/1", on_error="raise") as notifier:
        yield notifier


@pytest.fixture
def channel(amqp_url):
    """A channel on which anything may be done."""
    connection = client_of(amqp_url).transport.establish_connection()
    yield connection.channel()
    connection.close()


@pytest.fixture
def ledger():
    with Ledger() as ledger:
        yield ledger


@pytest.fixture
def database(database_url):
    """A database with this release's schema and nothing in it."""
    with Database(database_url) as database:
        schema.migrate(database)
        yield database


@pytest.fixture
def stores(database):
    return Stores(database)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    path = tmp_path_factory.mktemp("api") / "bridge.sqlite3"
    with ServedApi(f"sqlite:///{path}") as served:
        yield served


@pytest.fixture
def api(served):
    """The API, with nothing stored."""
    served.empty()
    served.reasons.clear()
    served.woken.clear()
    return served


@pytest.fixture
def client(api):
    with BridgeClient(api.url) as client:
        yield client


@pytest.fixture
def add(api):
    """Register a listener by the API and return its JSON."""

    def add(**members):
        body = {"events": ["TASK"], "callback": {"url": HOOK}, **members}
        answer = requests.post(f"{api.url}/v1/listeners", json=body, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return add


@pytest.fixture
def kept(api):
    """Return a listener as the API keeps it, secrets included."""
    return lambda shown: api.parts.listener_store.get(None, ListenerId(shown["id"]))


@pytest.fixture(params=telling.CLIENTS)
def each_client(request, monkeypatch):
    """Which client a `Teller` tells by: a test that uses this runs with each."""
    monkeypatch.setattr(telling, "chosen", request.param)

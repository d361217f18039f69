# SPDX-License-Identifier: Apache-2.0
"""A bridge on each bus, and who uses it: engine, owner of a webhook, operator."""

import sys
from pathlib import Path

import pytest

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
from notifier.notifier import Notifier
from tests.acceptance.endpoint import Endpoint
from tests.acceptance.terminals import Terminals, until
from tests.bridges import wait_until_ready

COMMANDS = Path(sys.executable).parent
"""Where the commands of this checkout are installed."""


@pytest.fixture(params=["in-process", "RabbitMQ"])
def bus_url(request):
    """URL of the bus; None: within the bridge's process."""
    if request.param == "in-process":
        return None
    return request.getfixturevalue("amqp_url")


@pytest.fixture
def bridge(bus_url, tmp_path):
    settings = Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{tmp_path / 'bridge.sqlite3'}"),
        bus=BusSettings(url=bus_url),
        callbacks=CallbackSettings(amqp_exchanges=("billing",)),
        secrets=SecretSettings(key_file=tmp_path / "bridge.key"),
    )
    with EmbeddedBridge(settings) as bridge:
        wait_until_ready(bridge.url)
        yield bridge


@pytest.fixture
def client(bridge):
    with BridgeClient(bridge.url) as client:
        yield client


@pytest.fixture
def engine(bridge):
    """What an engine holds; closing it is the bridge's."""
    return Notifier(bridge.publisher, source="/engines/1", on_error="raise")


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def delivered(client, endpoint):
    """Wait until so many deliveries are recorded as delivered; there must be no more."""

    def wait(count):
        def ask():
            return list(client.deliveries.find())

        def is_done(found):
            return [one["state"] for one in found].count("delivered") >= count

        found = until(ask, is_done)
        assert len(found) == count
        assert endpoint.is_quiet()
        return found

    return wait


@pytest.fixture
def terminals(tmp_path):
    """Of somebody on this machine who has no bridge yet."""
    home = tmp_path / "home"
    home.mkdir()
    with Terminals(home, COMMANDS) as terminals:
        yield terminals


@pytest.fixture
def terminal(terminals, bridge, bus_url):
    """Of somebody whose commands find the bridge and the bus."""
    terminals.environment["BRIDGE_URL"] = bridge.url
    if bus_url is None:
        terminals.environment["OS_HTTP__URL"] = bridge.url
    else:
        terminals.environment["AMQP_URL"] = bus_url
    return terminals

# SPDX-License-Identifier: Apache-2.0
"""A whole bridge within this process, from its start to its end."""

import threading
from datetime import timedelta

import pytest
import requests

from bridge.embedded import EmbeddedBridge
from bridge.errors import BridgeError, SettingsError
from bridge.settings import (
    ApiSettings,
    DatabaseSettings,
    DeliverySettings,
    SecretSettings,
    Settings,
)


@pytest.fixture
def settings(tmp_path):
    return Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{tmp_path / 'bridge.sqlite3'}"),
        delivery=DeliverySettings(grace=timedelta(seconds=0.2)),
        secrets=SecretSettings(key_file=tmp_path / "bridge.key"),
    )


def add_listener(bridge, url):
    listener = {"events": ["EXECUTION"], "callback": {"url": url}}
    answer = requests.post(f"{bridge.url}/v1/listeners", json=listener, timeout=10)
    assert answer.status_code == 201, answer.text


def test_it_delivers_what_an_engine_in_this_process_tells(settings, ledger):
    with EmbeddedBridge(settings) as bridge:
        add_listener(bridge, ledger.url)

        bridge.notifier("/engines/1").execution_started("e1", event_id="1")

        ledger.wait_for(["1"])


def test_what_it_could_not_end_is_delivered_by_the_next_one(settings, ledger):
    ledger.hold()
    with EmbeddedBridge(settings) as bridge:
        add_listener(bridge, ledger.url)
        bridge.notifier("/engines/1").execution_started("e1", event_id="1")
        ledger.wait_for(["1"])
    ledger.release()

    with EmbeddedBridge(settings):
        ledger.wait_for_calls("1", 2)

    assert len(set(ledger.ids["1"])) == 1


def test_it_leaves_no_thread_behind(settings):
    before = set(threading.enumerate())

    with EmbeddedBridge(settings) as bridge:
        assert requests.get(f"{bridge.url}/healthz", timeout=10).ok

    assert set(threading.enumerate()) <= before


def test_a_bridge_that_cannot_start_says_why(settings):
    with (
        EmbeddedBridge(settings),
        pytest.raises(SettingsError, match="another bridge works on"),
        EmbeddedBridge(settings),
    ):
        pass


def test_there_is_no_bus_before_the_start(settings):
    with pytest.raises(BridgeError, match="is not started"):
        _ = EmbeddedBridge(settings).publisher

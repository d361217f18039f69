# SPDX-License-Identifier: Apache-2.0
"""From settings to a notifier, without waiting for the bus."""

from datetime import timedelta

import pytest

from notifier import Notifier, connect
from notifier.errors import SettingsError, Unreachable
from notifier.settings import Bus, Settings

SHORTLY = timedelta(seconds=0.2)
NOBODY = {"amqp": "amqp://127.0.0.1:1/", "http": "http://127.0.0.1:1"}


def settings(**values):
    bus = Bus(url=values.pop("url", None), timeout=SHORTLY)
    return Settings(bus=bus, http_url=NOBODY["http"], on_error="raise", **values)


@pytest.mark.parametrize("url", NOBODY.values(), ids=NOBODY)
def test_an_engine_starts_though_nobody_answers(url):
    with connect(url, settings=settings()) as notifier:
        assert isinstance(notifier, Notifier)


@pytest.mark.parametrize(
    ("given", "url", "where"),
    [
        (None, None, "127.0.0.1:1"),
        (None, "amqp://127.0.0.1:2/", "127.0.0.1:2"),
        ("amqp://127.0.0.1:3/", "amqp://127.0.0.1:2/", "127.0.0.1:3"),
        ("rabbit://127.0.0.1:3/", "amqp://127.0.0.1:2/", "127.0.0.1:3"),
        ("http://127.0.0.1:3", "amqp://127.0.0.1:2/", "127.0.0.1:3"),
    ],
    ids=["no broker", "broker", "broker given", "transport given", "bridge given"],
)
def test_the_broker_is_before_the_bridge_and_what_is_given_before_all(
    given, url, where
):
    with (
        connect(given, settings=settings(url=url)) as notifier,
        pytest.raises(Unreachable, match=where),
    ):
        notifier.execution_started("e1")


def test_what_is_given_wins_over_the_settings(caplog):
    with connect(on_error="log", settings=settings()) as notifier:
        assert notifier.execution_started("e1") is False
    assert caplog.records[0].getMessage() == "event not published"


def test_the_settings_of_the_process_are_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFIER_CONF", str(tmp_path / "nothing.conf"))

    with pytest.raises(SettingsError, match=r"nothing\.conf: there is no such file"):
        connect()


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (
            "redis://me:secret@host",
            "redis://me:***@host is no URL of a broker or a bridge",
        ),
        ("rabbit://me:secret@host:x", "rabbit://me:***@host:x is no URL of a broker"),
    ],
)
def test_a_url_of_something_else_is_refused_without_its_password(url, fault):
    with pytest.raises(SettingsError) as caught:
        connect(url, settings=Settings())

    assert str(caught.value) == fault

# SPDX-License-Identifier: Apache-2.0
"""What a running bridge takes over of changed settings, and which parts may be apart."""

from dataclasses import fields, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.service.modes import Modes
from bridge.service.reload import change
from bridge.settings import (
    ApiSettings,
    BusSettings,
    CallbackSettings,
    DatabaseSettings,
    DeliverySettings,
    LogSettings,
    NotificationSettings,
    RetentionSettings,
    SecretSettings,
    Settings,
)

SECOND = timedelta(seconds=1)
RUNNING = Settings(
    database=DatabaseSettings("postgresql://h/a"),
    bus=BusSettings(url="amqp://h"),
    secrets=SecretSettings(key_file=Path("/key")),
)
APART = [Modes(api=False), Modes(worker=False)]


def test_nothing_comes_of_the_same_settings():
    found = change(RUNNING, replace(RUNNING))

    assert (found.settings, found.taken, found.left) == (RUNNING, (), ())


def test_what_can_change_is_taken_over():
    wanted = replace(
        RUNNING,
        callbacks=CallbackSettings(
            (ip_network("10.0.0.0/8"),),
            allow_loopback=False,
            amqp_exchanges=("billing",),
        ),
        delivery=DeliverySettings(SECOND, SECOND * 2, SECOND * 3),
        log=LogSettings("DEBUG", "json"),
    )

    found = change(RUNNING, wanted)

    assert found.settings == wanted
    assert found.left == ()
    assert found.taken == (
        *("[callbacks] allow_addresses", "[callbacks] allow_loopback"),
        *("[callbacks] amqp_exchanges", "[delivery] grace_seconds"),
        *("[delivery] park_after_ms", "[delivery] wait_ms"),
        *("[log] level", "[log] format"),
    )


@pytest.mark.parametrize(
    ("section", "members", "name"),
    [
        ("api", ApiSettings(port=1), "[api] port"),
        ("database", DatabaseSettings("postgresql://h/b"), "[database] url"),
        ("bus", BusSettings(url="amqp://other"), "[bus] url"),
        ("bus", BusSettings(url="amqp://h", timeout=SECOND), "[bus] timeout_seconds"),
        ("notifications", NotificationSettings(("a.*",)), "[notifications] topics"),
        ("callbacks", CallbackSettings(threads=1), "[callbacks] threads"),
        ("retention", RetentionSettings(dead=SECOND), "[retention] dead_days"),
        (
            "retention",
            RetentionSettings(execution_listener=SECOND),
            "[retention] execution_listener_days",
        ),
        ("secrets", SecretSettings(key_file=Path("/b")), "[secrets] key_file"),
        ("secrets", SecretSettings("k", Path("/key")), "[secrets] key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_change_is_named_and_stays(section, members, name):
    found = change(RUNNING, replace(RUNNING, **{section: members}))

    assert (found.settings, found.taken, found.left) == (RUNNING, (), (name,))


def test_what_stays_is_named_again_the_next_time():
    wanted = replace(RUNNING, api=ApiSettings(port=1), log=LogSettings("ERROR"))

    running = change(RUNNING, wanted).settings

    assert change(running, wanted).left == ("[api] port",)
    assert change(running, wanted).taken == ()


def test_every_section_is_looked_at():
    assert {field.name for field in fields(Settings)} == {
        *("api", "database", "bus", "notifications", "callbacks", "delivery"),
        *("retention", "secrets", "log", "quotas", "tracing"),
    }


@pytest.mark.parametrize("modes", [*APART, Modes()], ids=repr)
def test_with_broker_and_postgresql_the_parts_may_be_apart(modes):
    modes.check(RUNNING)


@pytest.mark.parametrize("modes", APART, ids=repr)
@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (replace(RUNNING, bus=BusSettings()), "on RabbitMQ only"),
        (
            replace(RUNNING, database=DatabaseSettings("sqlite:////a")),
            "one process alone may use a SQLite file; set DATABASE_URL",
        ),
    ],
    ids=["no broker", "SQLite"],
)
def test_parts_that_would_have_no_other_half_are_refused(modes, settings, reason):
    Modes().check(settings)
    with pytest.raises(SettingsError, match=reason):
        modes.check(settings)


def test_nothing_at_all_is_no_bridge():
    with pytest.raises(SettingsError, match="nothing is left to run"):
        Modes(api=False, worker=False).check(RUNNING)

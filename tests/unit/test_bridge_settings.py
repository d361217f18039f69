# SPDX-License-Identifier: Apache-2.0
"""A bridge's settings, and the line at fault."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.settings import NotificationSettings, Settings, find_file, load

EVERYTHING = """
[api]
host = ::1
port = 9999

[database]
url = postgresql://me:pw@db/bridge

[bus]
url = amqp://me:pw@broker/acme
exchange = my.events
prefetch = 7
queue_type = classic
bridge_queue = ours
timeout_seconds = 2.5
duplicate_events = 9
duplicate_seconds = 30

[notifications]
topics = notifications.info, audit.*
exchanges = nova, cinder
queue = services
url = rabbit://me:pw@one,me:pw@two/openstack

[callbacks]
allow_addresses = 10.0.3.0/24, fd00:3::/64
allow_loopback = false
amqp_exchanges = audit, metrics
threads = 3

[delivery]
grace_seconds = 10
park_after_ms = 500
wait_ms = 0

[secrets]
key = MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
key_file = /run/secrets/key

[log]
level = DEBUG
format = json
"""


@pytest.fixture
def write(tmp_path):
    """Write a configuration file and return its path."""

    def write(text):
        path = tmp_path / "bridge.conf"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_without_a_file_all_is_by_default():
    assert load(environ={}) == Settings()


def test_the_defaults_need_nothing_but_this_machine(home, monkeypatch):
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    settings = load(environ={})

    assert (settings.api.host, settings.api.port) == ("127.0.0.1", 8990)
    data = f"{home}/.local/share/workflow-notifier"
    assert settings.database.url == f"sqlite:///{data}/bridge.sqlite3"
    assert settings.secrets.key_file == Path(data) / "bridge.key"
    assert settings.bus.url is None
    assert settings.callbacks.allow_loopback is True
    assert settings.callbacks.amqp_exchanges == ()


def test_everything_may_be_set_in_a_file(write):
    settings = load(write(EVERYTHING), environ={})

    assert (settings.api.host, settings.api.port) == ("::1", 9999)
    assert settings.database.url == "postgresql://me:pw@db/bridge"
    assert settings.bus.url == "amqp://me:pw@broker/acme"
    assert settings.bus.exchange == "my.events"
    assert (settings.bus.prefetch, settings.bus.queue_type) == (7, "classic")
    assert settings.bus.bridge_queue == "ours"
    assert settings.bus.timeout == timedelta(seconds=2.5)
    assert settings.bus.duplicate_events == 9
    assert settings.bus.duplicate_span == timedelta(seconds=30)
    assert settings.notifications == NotificationSettings(
        topics=("notifications.info", "audit.*"),
        exchanges=("nova", "cinder"),
        queue="services",
        url="amqp://me:pw@one/openstack;amqp://me:pw@two/openstack",
    )
    assert settings.callbacks.allow_addresses == (
        ip_network("10.0.3.0/24"),
        ip_network("fd00:3::/64"),
    )
    assert settings.callbacks.allow_loopback is False
    assert settings.callbacks.amqp_exchanges == ("audit", "metrics")
    assert settings.callbacks.threads == 3
    assert settings.delivery.grace == timedelta(seconds=10)
    assert settings.delivery.park_after == timedelta(seconds=0.5)
    assert settings.delivery.wait == timedelta(0)
    assert settings.secrets.key == "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    assert settings.secrets.key_file == Path("/run/secrets/key")
    assert (settings.log.level, settings.log.format) == ("DEBUG", "json")


def test_what_is_secret_is_not_shown(write):
    shown = repr(load(write(EVERYTHING), environ={}))

    assert "pw" not in shown
    assert "MDEy" not in shown


def test_the_nearer_word_goes_before_the_farther_one(write):
    path = write("[api]\nport = 1\n[bus]\nurl = amqp://file\nexchange = file\n")
    environ = {
        "OS_API__PORT": "2",
        "OS_BUS__URL": "amqp://os",
        "AMQP_URL": "amqp://own",
        "DATABASE_URL": "sqlite:////own",
        "OS_DATABASE__URL": "sqlite:////os",
    }

    settings = load(path, given={("api", "port"): "3"}, environ=environ)

    assert settings.api.port == 3
    assert settings.bus.url == "amqp://own"
    assert settings.database.url == "sqlite:////own"
    assert settings.bus.exchange == "file"
    assert load(path, given={("api", "port"): None}, environ=environ).api.port == 2


WRONG = {
    "no number": ("[api]\n\nport = x\n", 3, "[api] port must be a number"),
    "no port": ("[api]\nport = 65536\n", 2, "[api] port must be a number"),
    "a host by name": ("[api]\nhost = example.org\n", 2, "[api] host must be"),
    "a way to sign in": ("[api]\nauth = pam\n", 2, "[api] auth must be none or token"),
    "an unknown setting": ("[api]\nprot = 1\n", 2, "did you mean port?"),
    "an unknown section": ("[log]\n[aip]\nport = 1\n", 2, "did you mean [api]?"),
    "a setting in no section": ("[DEFAULT]\nport = 1\n", 2, "no settings in [DEFAULT]"),
    "no section end": ("[api\n", 1, "must end with ]"),
    "no assignment": ("[api]\nport\n", 2, "No ':' or '='"),
    "another database": ("[database]\nurl = mysql://h/x\n", 2, "postgresql://"),
    "no broker's URL": ("[bus]\nurl = http://h/\n", 2, "amqp://host"),
    "a lone $": ("[bus]\nurl = amqp://a:$b@h/\n", 2, "write $$"),
    "no network": ("[callbacks]\nallow_addresses = 10.0.3\n", 2, "10.0.3.0/24"),
    "bits beyond": ("[callbacks]\nallow_addresses = 10.0.3.7/24\n", 2, "10.0.3.0/24"),
    "no boolean": ("[callbacks]\nallow_loopback = 2\n", 2, "must be true or false"),
    "no key": ("[secrets]\nkey = abc\n", 2, "32 bytes in URL-safe base64"),
    "no level": ("[log]\nlevel = LOUD\n", 2, "DEBUG or INFO"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_line_at_fault_is_named(write, name):
    text, line, reason = WRONG[name]
    path = write(text)

    with pytest.raises(SettingsError) as refused:
        load(path, environ={})

    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert reason in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::"])  # noqa: S104 - refused
def test_who_may_do_everything_is_on_this_machine(host):
    given = {("api", "host"): host}

    with pytest.raises(SettingsError) as refused:
        load(given=given, environ={})

    assert f"[api] host {host} lets others reach the API" in str(refused.value)
    assert "set [api] auth = token" in str(refused.value)
    assert load(given=given, environ={"OS_API__AUTH": "token"}).api.host == host


def test_with_tokens_webhooks_do_not_reach_this_machine_by_themselves():
    assert not load(environ={"OS_API__AUTH": "token"}).callbacks.allow_loopback


def test_a_quota_of_zero_is_none():
    environ = {"OS_QUOTAS__LISTENERS": "0", "OS_QUOTAS__EVENTS_PER_SECOND": "2.5"}

    quotas = load(environ=environ).quotas

    assert (quotas.listeners, quotas.events_per_second) == (None, 2.5)


@pytest.mark.parametrize("text", ["[bus]\nurl = x://me:s3cret@h\n", "[bus]\ns3cret\n"])
def test_an_error_repeats_no_secret(write, text):
    with pytest.raises(SettingsError) as refused:
        load(write(text), environ={})

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("environ", "given", "place"),
    [
        ({"OS_API__PORT": "x"}, {}, "OS_API__PORT: [api] port must be a number"),
        ({"AMQP_URL": "http://h"}, {}, "AMQP_URL must be a URL such as amqp://host"),
        ({"DATABASE_URL": "x"}, {}, "DATABASE_URL must be a database URL"),
        ({}, {("api", "host"): "example.org"}, "--host must be a numeric address"),
    ],
)
def test_the_variable_or_option_at_fault_is_named(environ, given, place):
    with pytest.raises(SettingsError) as refused:
        load(environ=environ, given=given)

    assert str(refused.value).startswith(place)


def test_a_file_is_looked_for_in_the_usual_places(home, write):
    usual = home / ".config/workflow-notifier/bridge.conf"
    usual.parent.mkdir(parents=True)
    usual.write_text("[api]\nport = 1\n")
    named = write("[api]\nport = 2\n")

    assert find_file(environ={}) == usual
    assert load(environ={}).api.port == 1
    assert load(environ={"NOTIFIER_BRIDGE_CONF": str(named)}).api.port == 2
    assert load(usual, environ={"NOTIFIER_BRIDGE_CONF": str(named)}).api.port == 1


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.conf: there is no such file"):
        load(tmp_path / "none.conf", environ={})


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "bridge.conf"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match=str(path)):
        load(path, environ={})

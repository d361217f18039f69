# SPDX-License-Identifier: Apache-2.0
"""``[bus] tls_…`` of both sides, with a broker that asks for client certificates."""

from datetime import timedelta

import pytest

from bridge.client import BridgeClient, ClientError
from bridge.embedded import EmbeddedBridge
from bridge.settings import (
    ApiSettings,
    BusSettings,
    DatabaseSettings,
    SecretSettings,
    Settings,
)
from notifier.errors import SettingsError, Unreachable
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from notifier.tls import Tls
from tests.acceptance.terminals import until
from tests.integration.certificates import Authority
from tests.integration.commands import bridge_command, notifier
from tests.servers.processes import free_port
from tests.servers.rabbitmq import RabbitNode

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=2)
EVENT = Event.new("task.failed", execution="e1", task="charge", event_id="1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def url(authority):
    """URL of a broker that lets in who shows a certificate of the authority's."""
    own, port = authority.file("localhost"), free_port()
    settings = (
        f"listeners.ssl.default = 127.0.0.1:{port}",
        f"ssl_options.cacertfile = {authority.bundle}",
        f"ssl_options.certfile = {own}",
        f"ssl_options.keyfile = {own}",
        "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = true",
    )
    with RabbitNode(plugins=(), settings=settings):
        yield f"amqps://guest:guest@localhost:{port}/"


@pytest.fixture(scope="module")
def shown(authority):
    """A file with a client certificate and its key."""
    return authority.file("client.example")


@pytest.fixture
def apart(authority, tmp_path):
    """The same in two files."""
    certificate, key = authority.pair("client.example")
    files = tmp_path / "client.pem", tmp_path / "client.key"
    for file, text in zip(files, (certificate, key), strict=True):
        file.write_text(text)
    return files


@pytest.fixture
def conf(tmp_path, url):
    """Write a configuration file for either side."""

    def write(**files):
        lines = [f"tls_{name}_file = {file}" for name, file in files.items()]
        path = tmp_path / "one.conf"
        path.write_text("\n".join(["[bus]", f"url = {url}", *lines, ""]))
        return str(path)

    return write


def publish(url, tls, timeout=TIMEOUT):
    with AmqpPublisher(url, tls=tls, queue_type="classic") as publisher:
        publisher.publish([EVENT], timeout=timeout)


def test_a_publisher_trusts_the_authority_and_shows_its_certificate(
    url, authority, shown, apart
):
    publish(url, Tls(authority.bundle, shown))
    publish(url, Tls(authority.bundle, *apart))


def test_who_shows_no_certificate_publishes_nothing(url, authority):
    with pytest.raises(Unreachable):
        publish(url, Tls(authority.bundle), SHORT)


def test_who_does_not_know_the_authority_trusts_no_broker(url, shown):
    with pytest.raises(Unreachable, match="certificate verify failed"):
        publish(url, Tls(cert_file=shown), SHORT)


def test_another_authority_is_not_trusted(url, shown, tmp_path):
    with pytest.raises(Unreachable, match="certificate verify failed"):
        publish(url, Tls(Authority(tmp_path, "Other").bundle, shown), SHORT)


def test_files_for_tls_are_not_ignored_where_there_is_none(authority):
    with pytest.raises(SettingsError, match="begins with amqps://"):
        AmqpPublisher("amqp://localhost/", tls=Tls(authority.bundle))


def test_a_key_alone_is_half_of_something(shown):
    with pytest.raises(SettingsError, match="tls_key_file needs tls_cert_file"):
        Tls(key_file=shown)


def test_the_notifiers_settings_arrive(conf, authority, apart):
    path = conf(ca=authority.bundle, cert=apart[0], key=apart[1])
    event = ("--type", "task.failed", "--execution", "e1", "--task", "charge")

    checked = notifier("--config-file", path, "check")
    published = notifier("--config-file", path, "publish", *event)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert (published.returncode, published.stderr) == (0, "")


def test_the_bridges_settings_arrive(conf, authority, apart, tmp_path):
    path = conf(ca=authority.bundle, cert=apart[0], key=apart[1])

    checked = bridge_command("check", "--config-file", path, HOME=str(tmp_path))

    assert (checked.returncode, checked.stderr) == (0, "")
    assert "a broker answers on amqps://guest:***@localhost" in checked.stdout


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"ca": "/no"}, ":3: [bus] tls_ca_file must be a file that can be read"),
        ({"key": __file__}, "[bus] tls_key_file needs tls_cert_file"),
        ({}, "certificate verify failed"),
        ({"cert": __file__}, "PEM"),
    ],
    ids=["missing", "half", "unknown authority", "no certificate"],
)
def test_a_check_of_the_bridge_tells_what_is_wrong(conf, tmp_path, files, fault):
    path = conf(**files)

    checked = bridge_command("check", "--config-file", path, HOME=str(tmp_path))

    assert checked.returncode == 1
    assert fault in checked.stderr


def test_a_bridge_takes_events_in_over_tls_from_the_queue_of_its_settings(
    url, authority, shown, tmp_path
):
    settings = Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{tmp_path / 'bridge.sqlite3'}"),
        bus=BusSettings(
            url=url, tls=Tls(authority.bundle, shown), bridge_queue="its own"
        ),
        secrets=SecretSettings(key_file=tmp_path / "bridge.key"),
    )
    tls = Tls(authority.bundle, shown)
    with (
        EmbeddedBridge(settings) as bridge,
        BridgeClient(bridge.url) as client,
        AmqpPublisher(url, tls=tls, bridge_queue="its own") as publisher,
    ):
        publisher.publish([EVENT], timeout=TIMEOUT)
        taken = until(lambda: found(client), bool)

    assert taken["event"]["type"] == "task.failed"


def found(client):
    """Return the event once the bridge has taken it in."""
    try:
        return client.get_event(EVENT.id)
    except ClientError:
        return None

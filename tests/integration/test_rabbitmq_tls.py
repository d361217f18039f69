# SPDX-License-Identifier: Apache-2.0
"""The bus over TLS: with the broker whose certificate is right, and with no other."""

from datetime import timedelta

import pytest

from bridge.intake import link
from bridge.service.connecting import HEARTBEAT_SECONDS
from notifier.errors import Unreachable
from notifier.event import Event
from notifier.publishers.amqp import AmqpPublisher
from tests.contract.sources import BOUND, BrokerSide, consuming
from tests.integration.certificates import Authority
from tests.loops import on_loop, until
from tests.servers.processes import free_port
from tests.servers.rabbitmq import RabbitNode

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder)


@pytest.fixture(scope="module")
def port(authority, folder):
    """Port of a broker that speaks TLS and is localhost."""
    authority.context("localhost")
    (own,) = folder.glob("localhost-*.pem")
    port = free_port()
    settings = (
        f"listeners.ssl.default = 127.0.0.1:{port}",
        f"ssl_options.cacertfile = {authority.bundle}",
        f"ssl_options.certfile = {own}",
        f"ssl_options.keyfile = {own}",
    )
    with RabbitNode(plugins=(), settings=settings):
        yield port


@pytest.fixture
def trusted(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))


def events(count, **data):
    return [Event.new("task.failed", execution="e", task="t", **data)] * count


@pytest.mark.usefixtures("trusted")
def test_small_and_large_events_are_confirmed_over_tls(port):
    url = f"amqps://guest:guest@localhost:{port}/"
    with AmqpPublisher(url, queue_type="classic") as publisher:
        publisher.publish(events(2000), timeout=TIMEOUT)
        publisher.publish(events(5, payload="x" * 1_000_000), timeout=TIMEOUT)


@pytest.mark.usefixtures("trusted")
@on_loop
async def test_nothing_received_over_tls_is_left_lying(port, monkeypatch):
    """TLS decrypts many messages at once: the socket tells of the first alone."""
    monkeypatch.setattr(link, "MAX_HANDED_ON", 1)
    side = BrokerSide(f"amqps://guest:guest@localhost:{port}/")
    side.publish(*events(BOUND))
    async with consuming(side) as (_, taken):
        # no heartbeat comes to wake it before that
        await until(lambda: len(taken.received) == BOUND, HEARTBEAT_SECONDS / 4)
        await taken.settle(*taken.received)
    side.close()


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_refused(port):
    with (
        AmqpPublisher(f"amqps://guest:guest@127.0.0.1:{port}/") as publisher,
        pytest.raises(Unreachable, match=r"not valid for .127\.0\.0\.1"),
    ):
        publisher.publish(events(1), timeout=SHORT)


def test_a_certificate_of_an_unknown_authority_is_refused(port):
    with (
        AmqpPublisher(f"amqps://guest:guest@localhost:{port}/") as publisher,
        pytest.raises(Unreachable, match="certificate verify failed"),
    ):
        publisher.publish(events(1), timeout=SHORT)

# SPDX-License-Identifier: Apache-2.0
"""Settings of a plug-in, from the files of the service that holds it."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from oslo_config import cfg

from notifier.errors import SettingsError
from notifier.settings import Bus, Settings, of_host
from notifier.tls import Tls
from tests.hosts import configuration

NOWHERE = {}


@pytest.fixture
def service(tmp_path):
    """Return a service's configuration, read from a file with these lines."""
    return partial(configuration, tmp_path)


def test_a_service_that_says_nothing_gets_the_defaults(service):
    assert of_host(service(), environ=NOWHERE) == Settings()


def test_the_section_of_our_own_is_read(service):
    conf = service(
        "[workflow_notifier]",
        "url = amqp://me:secret@broker/acme",
        "exchange = acme.events",
        "bridge_queue = false",
        "timeout_seconds = 2.5",
        "project = acme",
    )

    assert of_host(conf, environ=NOWHERE) == Settings(
        bus=Bus(
            url="amqp://me:secret@broker/acme",
            exchange="acme.events",
            bridge_queue=None,
            timeout=timedelta(seconds=2.5),
        ),
        project="acme",
    )


def test_a_configuration_is_read_as_often_as_one_likes(service):
    conf = service("[workflow_notifier]", "project = acme")

    assert of_host(conf, environ=NOWHERE) == of_host(conf, environ=NOWHERE)


def test_amqp_url_goes_before_the_file(service):
    conf = service("[workflow_notifier]", "url = amqp://file/")

    settings = of_host(conf, environ={"AMQP_URL": "amqp://environment/"})

    assert settings.bus.url == "amqp://environment/"


def test_the_environment_as_oslo_config_spells_it_goes_before_the_file(
    service, monkeypatch
):
    conf = service("[workflow_notifier]", "url = amqp://file/")
    monkeypatch.setenv("OS_WORKFLOW_NOTIFIER__URL", "amqp://environment/")

    assert of_host(conf, environ=NOWHERE).bus.url == "amqp://environment/"


def test_the_services_own_broker_is_taken_where_nothing_names_another(service):
    own = Bus(url="amqps://own/", tls=Tls(ca_file=Path("/own.pem")))

    assert of_host(service(), own=own, environ=NOWHERE).bus == own
    conf = service("[workflow_notifier]", "url = amqps://other/")
    assert of_host(conf, own=own, environ=NOWHERE).bus == Bus(url="amqps://other/")


def test_a_wrong_setting_is_named_and_its_value_is_not(service):
    conf = service("[workflow_notifier]", "url = http://me:secret@broker/")

    with pytest.raises(SettingsError) as caught:
        of_host(conf, environ=NOWHERE)

    assert str(caught.value) == (
        "[workflow_notifier] url must be a URL such as amqp://host or amqps://host"
    )


@pytest.mark.parametrize(
    ("transport_url", "amqp_url"),
    [
        ("rabbit://me:se%2Fcret@one/", "amqp://me:se%2Fcret@one/"),
        ("rabbit://me:x@one:5673/acme", "amqp://me:x@one:5673/acme"),
        (
            "rabbit://me:x@one:5672,me:y@two:5673/acme",
            "amqp://me:x@one:5672/acme;amqp://me:y@two:5673/acme",
        ),
        ("rabbit://one,two/", "amqp://one/;amqp://two/"),
        ("rabbit://one//", "amqp://one//"),
        ("rabbit://[::1]:5672/", "amqp://[::1]:5672/"),
        ("rabbit://", "amqp://localhost"),
        ("rabbit://one/?ssl=True", "amqps://one/"),
    ],
)
def test_a_transport_url_names_the_same_brokers(transport_url, amqp_url, service):
    conf = service("[workflow_notifier]", f"url = {transport_url}")

    assert of_host(conf, environ=NOWHERE).bus.url == amqp_url


@pytest.mark.parametrize(
    "url", ["rabbit://one:port/", "kafka://one/", "rabbit://:5672"]
)
def test_what_is_no_brokers_url_is_refused(url):
    with pytest.raises(SettingsError, match=r"^AMQP_URL must be a URL such as"):
        of_host(cfg.ConfigOpts(), environ={"AMQP_URL": url})

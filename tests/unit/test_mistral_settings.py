# SPDX-License-Identifier: Apache-2.0
"""What an operator sets in mistral.conf arrives, and nothing in it hurts the engine."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from oslo_config import cfg

from notifier.engines.mistral import publisher
from notifier.engines.mistral.publisher import MistralPublisher
from notifier.engines.mistral.settings import MistralSettings, of_mistral
from notifier.errors import SettingsError
from notifier.settings import Bus, Settings
from notifier.tls import Tls
from tests.hosts import configuration
from tests.pages import ROOT

NOWHERE = {}
OWN = "rabbit://guest:guest@one:5672,guest:guest@two:5672/"


@pytest.fixture
def mistral(tmp_path):
    """Return Mistral's configuration, read from a file with these lines."""

    def read(*lines):
        conf = configuration(tmp_path, "[notifier]", "type = local", *lines)
        # as oslo.messaging registers them
        conf.register_opt(cfg.StrOpt("transport_url", default=OWN, secret=True))
        conf.register_opts(
            [
                cfg.BoolOpt("ssl", default=False),
                *(cfg.StrOpt(f"ssl_{name}_file") for name in ("ca", "cert", "key")),
            ],
            group="oslo_messaging_rabbit",
        )
        return conf

    return read


def test_without_a_setting_events_go_to_mistrals_own_broker(mistral):
    assert of_mistral(mistral(), environ=NOWHERE) == MistralSettings(
        notifier=Settings(
            bus=Bus(url="amqp://guest:guest@one:5672/;amqp://guest:guest@two:5672/"),
            source="/mistral",
        ),
        alone=False,
        backlog=20_000,
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["[oslo_messaging_rabbit]", "ssl = true"],
        [
            *("[DEFAULT]", f"transport_url = {OWN}?ssl=true"),
            "[oslo_messaging_rabbit]",
        ],
    ],
    ids=["in its section", "in the URL"],
)
def test_mistrals_own_certificates_are_taken_too(mistral, lines):
    conf = mistral(*lines, "ssl_ca_file = /etc/ssl/ca.pem")

    bus = of_mistral(conf, environ=NOWHERE).notifier.bus

    assert bus.url.startswith("amqps://guest:guest@one:5672/;amqps://")
    assert bus.tls == Tls(Path("/etc/ssl/ca.pem"), None, None)


def test_every_setting_arrives(mistral):
    conf = mistral(
        *("[workflow_notifier]", "url = amqp://broker", "exchange = other"),
        *("source = /m2", "project = lab", "alone = true", "backlog = 7"),
    )

    assert of_mistral(conf, environ=NOWHERE) == MistralSettings(
        notifier=Settings(
            bus=Bus(url="amqp://broker", exchange="other"), source="/m2", project="lab"
        ),
        alone=True,
        backlog=7,
    )


def test_the_environment_wins(mistral):
    conf = mistral("[workflow_notifier]", "url = amqp://file")

    bus = of_mistral(conf, environ={"AMQP_URL": "amqp://wins"}).notifier.bus

    assert bus.url == "amqp://wins"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["backlog = 0"], "backlog must be a number from 1 to 1000000"),
        (["alone = perhaps"], "alone must be true or false"),
        (["url = http://x"], r"url must be a URL such as amqp://"),
        (["[DEFAULT]", "transport_url = kafka://x"], "own transport is no RabbitMQ"),
        (["[DEFAULT]", "transport_url = rabbit://h:p/"], "transport_url must be a URL"),
    ],
    ids=["backlog", "alone", "url", "kafka", "transport"],
)
def test_what_is_wrong_is_told_with_what_would_be_right(mistral, lines, said):
    with pytest.raises(SettingsError, match=said):
        of_mistral(mistral("[workflow_notifier]", *lines), environ=NOWHERE)


def test_a_process_without_messaging_needs_a_url():
    with pytest.raises(SettingsError, match="url is missing"):
        of_mistral(cfg.ConfigOpts(), environ=NOWHERE)


def test_the_sample_sets_nothing_of_ours(mistral):
    sample = (ROOT / "etc/mistral/mistral.conf.sample").read_text().splitlines()

    assert of_mistral(mistral(*sample), environ=NOWHERE) == of_mistral(
        mistral(), environ=NOWHERE
    )


def test_mistral_finds_the_publisher_under_the_name_amqp():
    (found,) = entry_points(group="mistral.notification.publishers")

    assert found.name == "amqp"
    assert isinstance(found.load()(), MistralPublisher)


@pytest.fixture
def publish(mistral, monkeypatch, caplog):
    """Publish some data in a process of Mistral's; return what is logged."""
    monkeypatch.delenv("AMQP_URL", raising=False)
    monkeypatch.setattr(MistralPublisher, "_tellers", {})

    def call(line, data):
        conf = mistral("[workflow_notifier]", line)
        monkeypatch.setattr(publisher.cfg, "CONF", conf)
        MistralPublisher().publish(None, "e1", data, "WORKFLOW_LAUNCHED", None)
        return caplog.text

    return call


def test_a_wrong_setting_does_not_hurt_the_engine(publish):
    assert "url must be a URL such as amqp://" in publish("url = http://x", {})


def test_what_is_no_notice_does_not_hurt_the_engine(publish):
    assert "KeyError" in publish("url = amqp://broker", {})

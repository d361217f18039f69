# SPDX-License-Identifier: Apache-2.0
"""What an operator may set for a plug-in, in the files of the service that holds it.

Services of OpenStack keep their settings in oslo.config. Theirs are asked for a section
of our own, ``[workflow_notifier]``; before it go ``AMQP_URL`` and, where the service
listens to it, the environment as oslo.config spells it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from oslo_config import cfg

from notifier.errors import SettingsError
from notifier.settings.files import right
from notifier.settings.options import AMQP, amqp_url, bus_of, bus_opts
from notifier.settings.url import TRANSPORT
from notifier.settings.values import Bus, Settings
from notifier.tls import NO_FILES, Tls

SECTION: Final = "workflow_notifier"


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return the section with its options; oslo.config's generator asks for it."""
    return [(SECTION, list(_options()))]


def of_host(
    conf: cfg.ConfigOpts,
    *,
    own: Bus | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of a plug-in.

    Args:
        conf: Of the service that holds it.
        own: The service's own broker, used where nothing names another.
        environ: Default: the process's.

    Raises:
        SettingsError: Names the setting, and what would be right.
    """
    conf.register_opts(_options(), group=SECTION)
    values = {("bus", one.name): _value(conf, one) for one in _options()}
    named = amqp_url(os.environ if environ is None else environ)
    url = named or values["bus", "url"]
    bus = bus_of(values, url)
    if url is None and own is not None:
        bus = replace(bus, url=own.url, tls=own.tls if bus.tls == NO_FILES else bus.tls)
    return Settings(
        bus=bus, source=values["bus", "source"], project=values["bus", "project"]
    )


def own_broker(conf: cfg.ConfigOpts, transport_url: str) -> Bus | None:
    """Return the broker that a service talks over; None: it is no RabbitMQ.

    Args:
        conf: Of the service, whose oslo.messaging has registered its options.
        transport_url: As oslo.messaging has it.

    Raises:
        SettingsError: The URL is none.
    """
    if not transport_url.startswith(TRANSPORT):
        return None
    try:
        brokers = AMQP(transport_url)
    except ValueError as err:
        raise SettingsError(f"transport_url {err}") from err
    rabbit = conf.oslo_messaging_rabbit
    if not rabbit.ssl:
        return Bus(url=brokers)
    names = ("ssl_ca_file", "ssl_cert_file", "ssl_key_file")
    ca, cert, key = (Path(rabbit[name]) if rabbit[name] else None for name in names)
    return Bus(url=brokers.replace("amqp://", "amqps://"), tls=Tls(ca, cert, key))


@cache  # oslo.config takes an option twice only if it is the same object
def _options() -> Sequence[cfg.Opt]:
    url = cfg.Opt(
        "url",
        type=AMQP,
        secret=True,
        sample_default="amqp://user:password@localhost:5672/%2F",
        help="The broker that events are published to; a transport_url (rabbit://...) "
        "will do. AMQP_URL in the environment wins. Write $ as $$.",
    )
    default = Settings()
    return (
        url,
        *bus_opts(),
        cfg.StrOpt(
            "source",
            default=default.source,
            help="Who tells, where the service does not say: a URI reference.",
        ),
        cfg.StrOpt(
            "project",
            help="The tenant that events belong to, where the service names none.",
        ),
    )


def _value(conf: cfg.ConfigOpts, option: cfg.Opt) -> Any:  # noqa: ANN401 - by its option
    try:
        return conf[SECTION][option.name]
    except (ValueError, cfg.Error) as err:
        fault = right(option.type, err)
        raise SettingsError(f"[{SECTION}] {option.name} {fault}") from err

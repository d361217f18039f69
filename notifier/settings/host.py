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
from notifier.settings.options import AMQP, amqp_url, bus_of, bus_opts, url_opt
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
    values = {("bus", one.name): value_of(conf, one) for one in _options()}
    named = amqp_url(os.environ if environ is None else environ)
    url = named or values["bus", "url"]
    bus = bus_of(values, url)
    if url is None and own is not None:
        bus = replace(bus, url=own.url, tls=own.tls if bus.tls == NO_FILES else bus.tls)
    return Settings(bus=bus, project=values["bus", "project"])


def no_broker(whose: str) -> SettingsError:
    """Return the error that nothing names a broker.

    Args:
        whose: The service, as in ``Mistral's``.
    """
    return SettingsError(
        f"[{SECTION}] url is missing, and {whose} own transport is no RabbitMQ"
    )


def value_of(conf: cfg.ConfigOpts, option: cfg.Opt) -> Any:  # noqa: ANN401 - by its option
    """Return what an option of the section is set to.

    Raises:
        SettingsError: Names the setting, and what would be right.
    """
    try:
        return conf[SECTION][option.name]
    except (ValueError, cfg.Error) as err:
        fault = right(option.type, err)
        raise SettingsError(f"[{SECTION}] {option.name} {fault}") from err


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
    if not (rabbit.ssl or brokers.startswith("amqps://")):
        return Bus(url=brokers)
    names = ("ssl_ca_file", "ssl_cert_file", "ssl_key_file")
    ca, cert, key = (Path(rabbit[name]) if rabbit[name] else None for name in names)
    return Bus(url=brokers.replace("amqp://", "amqps://"), tls=Tls(ca, cert, key))


@cache  # oslo.config takes an option twice only if it is the same object
def _options() -> Sequence[cfg.Opt]:
    return (
        url_opt(
            "The broker that events are published to; a transport_url (rabbit://...) "
            "will do."
        ),
        *bus_opts(),
        cfg.StrOpt(
            "project",
            help="The tenant that events belong to, where the service names none.",
        ),
    )

# SPDX-License-Identifier: Apache-2.0
"""The section ``[workflow_notifier]`` of Mistral's own configuration.

Without a URL there or in ``AMQP_URL``, events go to the broker that Mistral's own
components talk over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from oslo_config import cfg

from notifier.settings import Settings, of_host
from notifier.settings.host import SECTION, no_broker, own_broker, value_of
from notifier.settings.host import list_opts as hosts_opts

SOURCE: Final = "/mistral"
BACKLOG: Final = 20_000


@dataclass(frozen=True, slots=True)
class MistralSettings:
    """What may be set for Mistral.

    Attributes:
        notifier: The broker, the source, and the project of what has none.
        alone: Whether no other process tells of the same executions.
        backlog: How many events may wait for the broker.
    """

    notifier: Settings
    alone: bool
    backlog: int


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return the section with its options; oslo.config's generator asks for it."""
    ((section, options),) = hosts_opts()
    return [(section, [*options, *_options()])]


def of_mistral(
    conf: cfg.ConfigOpts, *, environ: Mapping[str, str] | None = None
) -> MistralSettings:
    """Return the settings.

    Args:
        conf: Mistral's; no option of its own is touched.
        environ: Default: the process's.

    Raises:
        SettingsError: Names the setting, and what would be right.
    """
    settings = of_host(conf, own=own_broker(conf, _transport(conf)), environ=environ)
    if settings.bus.url is None:
        raise no_broker("Mistral's")
    conf.register_opts(_options(), group=SECTION)
    own = {option.name: value_of(conf, option) for option in _options()}
    return MistralSettings(replace(settings, source=own.pop("source")), **own)


@cache  # oslo.config takes an option twice only if it is the same object
def _options() -> tuple[cfg.Opt, ...]:
    return (
        cfg.StrOpt("source", default=SOURCE, help="Who tells: a URI reference."),
        cfg.BoolOpt(
            "alone",
            default=False,
            help="No other process tells of the same executions: there is one engine, "
            "or one notifier with [notifier] type = remote. Then data.execution.error "
            "is null while there was no error; else it is left out, for another engine "
            "may have seen one.",
        ),
        cfg.IntOpt(
            "backlog",
            default=BACKLOG,
            min=1,
            max=1_000_000,
            help="How many events may wait in memory while the broker takes none (some "
            "5 KiB each); what comes then is lost. One attempt to publish them lasts "
            "timeout_seconds; the engine waits for none.",
        ),
    )


def _transport(conf: cfg.ConfigOpts) -> str:
    try:
        return str(conf.transport_url)
    except cfg.Error:  # this process has no messaging
        return ""

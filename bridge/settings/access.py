# SPDX-License-Identifier: Apache-2.0
"""The options of the API: where it listens, who may use it, and how much."""

from typing import Final

from oslo_config import cfg

from bridge.settings.types import ListenAddress
from bridge.settings.values import Settings

_MAX_PORT: Final = 65535


def api_opts() -> list[cfg.Opt]:
    """Return the options of ``[api]``."""
    default = Settings().api
    return [
        cfg.Opt(
            "host",
            type=ListenAddress(),
            default=default.host,
            help="Where the API listens: loopback only while auth = none.",
        ),
        cfg.IntOpt(
            "port", default=default.port, min=0, max=_MAX_PORT, help="0: a free one."
        ),
        cfg.StrOpt(
            "auth",
            default=default.auth,
            choices=[
                ("none", "whoever reaches the API may do everything"),
                ("token", "who shows a token of notifier-bridge token-create"),
                ("keystone", "who shows a token of Keystone ([keystone_authtoken])"),
            ],
            help="Who may use the API.",
        ),
    ]


def quota_opts() -> list[cfg.Opt]:
    """Return the options of ``[quotas]``."""
    default = Settings().quotas
    return [
        cfg.IntOpt(
            "listeners",
            default=default.listeners or 0,
            min=0,
            help="So many listeners a project may have. 0: as many as it likes.",
        ),
        cfg.FloatOpt(
            "events_per_second",
            default=default.events_per_second or 0.0,
            min=0,
            help="So many events a project may publish by one bridge's API, over time. "
            "0: as many as it likes.",
        ),
    ]

# SPDX-License-Identifier: Apache-2.0
"""The options of callbacks: where they may lead, and what sends webhooks."""

from oslo_config import cfg, types

from bridge.settings.types import NetworkAddress
from bridge.settings.values import Settings


def callback_opts() -> list[cfg.Opt]:
    """Return the options of ``[callbacks]``."""
    default = Settings().callbacks
    return [
        cfg.Opt(
            "allow_addresses",
            type=types.List(
                item_type=NetworkAddress(),
                type_name="list of networks such as 10.0.3.0/24, fd00:3::/64",
            ),
            default=[],
            help="Networks that webhooks may reach though they are not global.",
        ),
        cfg.BoolOpt(
            "allow_loopback",
            sample_default=default.allow_loopback,
            help="Webhooks may reach 127.0.0.0/8 and ::1. Default: only while the API "
            "listens on loopback with auth = none, where everybody is at home.",
        ),
        cfg.BoolOpt(
            "https_only",
            default=default.https_only,
            help="Webhooks lead to https:// URLs only; others are refused, and those of "
            "listeners that are known already blocked.",
        ),
        cfg.ListOpt(
            "amqp_exchanges",
            default=[],
            help="Exchanges that callbacks of type amqp may publish to.",
        ),
        cfg.StrOpt(
            "client",
            default=default.client,
            choices=["loop", "threads"],
            help="What sends webhooks: loop, on the event loop, or threads, on requests, "
            "for a multiple of the CPU time. A listener with a certificate of its own "
            "is told by threads in any case.",
        ),
        cfg.IntOpt(
            "connections",
            default=default.connections,
            min=1,
            max=10000,
            help="Webhooks that may be under way at the same time, by loop; at most half "
            "of them to one URL.",
        ),
        cfg.IntOpt(
            "threads",
            default=default.threads,
            min=1,
            max=1000,
            help="The same by threads.",
        ),
        cfg.StrOpt(
            "ca_bundle",
            help="PEM file of the authorities whose certificates webhooks' receivers "
            "may have. Default: those of certifi.",
        ),
        cfg.StrOpt(
            "webhook_origin",
            help="Name of this sender, such as events.example.org. If it is set, a "
            "receiver must agree to it before a listener is kept, by CloudEvents' "
            "handshake (OPTIONS).",
        ),
    ]

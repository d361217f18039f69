# SPDX-License-Identifier: Apache-2.0
"""The options as oslo.config knows them: names, types, defaults, help."""

from typing import Final

from oslo_config import cfg

from notifier.settings.url import Url
from notifier.settings.values import Settings

AMQP: Final = Url("amqp", "amqps")
HTTP: Final = Url("http", "https")


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every section with its options; oslo.config's generator asks for it."""
    default = Settings()
    bus = [
        cfg.Opt(
            "url",
            type=AMQP,
            secret=True,
            sample_default="amqp://user:password@localhost:5672/%2F",
            help="The broker. AMQP_URL in the environment wins. Without it, events "
            "go to the bridge's HTTP door. Write $ as $$.",
        ),
        cfg.StrOpt(
            "exchange",
            default=default.bus.exchange,
            help="Topic exchange that every event is published to.",
        ),
        cfg.BoolOpt(
            "bridge_queue",
            default=default.bus.bridge_queue,
            help="Make sure that the bridge's queue exists, so that nothing is lost "
            "before its first start. Turn it off where there is no bridge: the queue "
            "would fill the broker's disk.",
        ),
        cfg.IntOpt(
            "pool_size",
            default=default.bus.pool_size,
            min=1,
            max=64,
            help="Connections to the broker in one process.",
        ),
        cfg.StrOpt(
            "queue_type",
            default=default.bus.queue_type,
            choices=[
                ("quorum", "survives the loss of a node"),
                ("classic", "one node"),
            ],
            help="Type of the bridge's queue, where it does not exist yet.",
        ),
        cfg.FloatOpt(
            "timeout_seconds",
            default=default.bus.timeout.total_seconds(),
            min=0.1,
            max=3600,
            help="The longest time that an engine waits for a confirm.",
        ),
    ]
    http = [
        cfg.Opt(
            "url",
            type=HTTP,
            default=default.http_url,
            help="The bridge's HTTP door, used where no broker is set.",
        )
    ]
    notifier: list[cfg.Opt] = [
        cfg.StrOpt(
            "source",
            default=default.source,
            help="Who tells: a URI reference of this engine.",
        ),
        cfg.StrOpt("project", help="The tenant that events belong to."),
        cfg.StrOpt(
            "on_error",
            default=default.on_error,
            choices=[("log", "a line in the log"), ("raise", "an error in the engine")],
            help="What becomes of an event that cannot be published.",
        ),
    ]
    outbox: list[cfg.Opt] = [
        cfg.StrOpt(
            "url",
            secret=True,
            sample_default="postgresql://user:password@localhost/engine",
            help="The engine's database, PostgreSQL or SQLite, whose outbox `notifier "
            "relay` empties. DATABASE_URL in the environment wins. Write $ as $$.",
        ),
        cfg.StrOpt(
            "table",
            default=default.outbox.table,
            help="The outbox: name, or schema.name.",
        ),
    ]
    return [("bus", bus), ("http", http), ("notifier", notifier), ("outbox", outbox)]

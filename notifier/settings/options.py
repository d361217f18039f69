# SPDX-License-Identifier: Apache-2.0
"""The options as oslo.config knows them: names, types, defaults, help."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from oslo_config import cfg

from notifier.errors import SettingsError
from notifier.settings.types import ReadableFile, WantedQueue
from notifier.settings.url import BrokerUrl, Url
from notifier.settings.values import Bus, Settings
from notifier.tls import Tls

AMQP: Final = BrokerUrl()
HTTP: Final = Url("http", "https")


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every section with its options; oslo.config's generator asks for it."""
    default = Settings()
    bus = [
        url_opt("The broker.", "Without it, events go to the bridge's HTTP door."),
        *bus_opts(),
    ]
    http = [
        cfg.Opt(
            "url",
            type=HTTP,
            default=default.http_url,
            help="The bridge's HTTP door, used where no broker is set. "
            "BRIDGE_URL in the environment wins.",
        ),
        cfg.StrOpt(
            "token",
            secret=True,
            help="Shown to a bridge that wants one; notifier-bridge token-create makes "
            "it. NOTIFIER_BRIDGE_TOKEN in the environment wins.",
        ),
        cfg.Opt(
            "token_file",
            type=ReadableFile(),
            sample_default="/etc/notifier/bridge.token",
            help="Holds the token, where token is not set.",
        ),
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
    return [
        ("bus", bus),
        ("http", http),
        ("notifier", notifier),
        ("outbox", outbox),
        ("tracing", tracing_opts("each event that is published")),
    ]


def url_opt(about: str, without: str = "") -> cfg.Opt:
    """Return the option of a broker's URL.

    Args:
        about: What the broker is for.
        without: What happens where there is none.
    """
    parts = (about, "AMQP_URL in the environment wins.", without, "Write $ as $$.")
    return cfg.Opt(
        "url",
        type=AMQP,
        secret=True,
        sample_default="amqp://user:password@localhost:5672/%2F",
        help=" ".join(part for part in parts if part),
    )


def queue_type_opt() -> cfg.Opt:
    """Return the option of the type of a queue that is declared."""
    return cfg.StrOpt(
        "queue_type",
        default=Bus().queue_type,
        choices=[
            ("quorum", "survives the loss of a node"),
            ("classic", "one node"),
        ],
        help="Type of the bridge's queue, where it does not exist yet.",
    )


def tracing_opts(what: str) -> list[cfg.Opt]:
    """Return the options of OpenTelemetry's spans.

    Args:
        what: Spans are made of.
    """
    return [
        cfg.StrOpt(
            "spans",
            default=Settings().spans,
            choices=[
                ("none", "no spans"),
                ("otlp", "by OpenTelemetry, of the extra otel"),
            ],
            help=f"Spans of {what}. They go where the process's own tracer provider "
            "sends them, else by OTLP over HTTP to the collector that "
            "OTEL_EXPORTER_OTLP_ENDPOINT in the environment names.",
        )
    ]


def bus_opts() -> list[cfg.Opt]:
    """Return the options of publishing to a broker, its URL apart."""
    default = Settings()
    return [
        cfg.StrOpt(
            "exchange",
            default=default.bus.exchange,
            help="Topic exchange that every event is published to.",
        ),
        *tls_opts(),
        cfg.Opt(
            "bridge_queue",
            type=WantedQueue(),
            default=default.bus.bridge_queue,
            help="Make sure that the bridge's queue exists, so that nothing is lost "
            "before its first start. Set it to false where there is no bridge: the "
            "queue would fill the broker's disk.",
        ),
        cfg.StrOpt(
            "on_unroutable",
            default=default.bus.on_unroutable,
            choices=[
                ("raise", "an error, as for any event that cannot be published"),
                ("ignore", "nothing; for direct consumers that come and go"),
            ],
            help="What becomes of an event that no queue takes.",
        ),
        cfg.IntOpt(
            "pool_size",
            default=default.bus.pool_size,
            min=1,
            max=64,
            help="Connections to the broker in one process.",
        ),
        queue_type_opt(),
        cfg.FloatOpt(
            "timeout_seconds",
            default=default.bus.timeout.total_seconds(),
            min=0.1,
            max=3600,
            help="The longest time that an engine waits for a confirm.",
        ),
    ]


def tls_opts() -> list[cfg.Opt]:
    """Return the options of a connection to the broker over TLS."""
    return [
        cfg.Opt(
            f"tls_{name}_file",
            type=ReadableFile(),
            sample_default=f"/etc/ssl/{sample}",
            help=f"{about} In PEM, for an amqps:// URL.",
        )
        for name, sample, about in (
            (
                "ca",
                "certs/broker-ca.pem",
                "Authorities that may vouch for the broker. Default: the system's.",
            ),
            (
                "cert",
                "certs/notifier.pem",
                "Client certificate, shown to a broker that asks for one.",
            ),
            (
                "key",
                "private/notifier.key",
                "The key to it. Default: it stands in tls_cert_file.",
            ),
        )
    ]


def tls_of(values: Mapping[tuple[str, str], Any]) -> Tls:
    """Return what `tls_opts` were set to.

    Raises:
        SettingsError: They do not go together.
    """
    files = (values["bus", f"tls_{name}_file"] for name in ("ca", "cert", "key"))
    return Tls(*files)


def bus_of(values: Mapping[tuple[str, str], Any], url: str | None) -> Bus:
    """Return what `bus_opts` were set to, for a broker.

    Raises:
        SettingsError: They do not go together.
    """
    return Bus(
        url=url,
        exchange=values["bus", "exchange"],
        tls=tls_of(values),
        bridge_queue=values["bus", "bridge_queue"],
        on_unroutable=values["bus", "on_unroutable"],
        pool_size=values["bus", "pool_size"],
        queue_type=values["bus", "queue_type"],
        timeout=timedelta(seconds=values["bus", "timeout_seconds"]),
    )


def amqp_url(environ: Mapping[str, str]) -> str | None:
    """Return the broker that ``AMQP_URL`` names; None: it names none.

    Raises:
        SettingsError: It is no broker's URL.
    """
    return _url("AMQP_URL", AMQP, environ)


def bridge_url(environ: Mapping[str, str]) -> str | None:
    """Return the bridge that ``BRIDGE_URL`` names, as for `bridge.cli`; None: none.

    Raises:
        SettingsError: It is no URL of HTTP.
    """
    return _url("BRIDGE_URL", HTTP, environ)


def _url(name: str, kind: Url | BrokerUrl, environ: Mapping[str, str]) -> str | None:
    url = environ.get(name)
    try:
        return kind(url) if url else None
    except ValueError as err:
        raise SettingsError(f"{name} {err}") from err

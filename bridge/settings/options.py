# SPDX-License-Identifier: Apache-2.0
"""The options as oslo.config knows them: names, types, defaults, help."""

from datetime import timedelta
from typing import Final

from oslo_config import cfg

from bridge.settings.access import api_opts, quota_opts
from bridge.settings.callbacks import callback_opts
from bridge.settings.types import DatabaseUrl, Key
from bridge.settings.values import Settings
from notifier.settings.options import (
    AMQP,
    queue_type_opt,
    tls_opts,
    tracing_opts,
    url_opt,
)
from notifier.settings.types import QueueName

DATABASE: Final = DatabaseUrl()


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every section with its options; oslo.config's generator asks for it."""
    return [
        ("api", api_opts()),
        ("quotas", quota_opts()),
        ("database", _database()),
        ("bus", _bus()),
        ("notifications", _notifications()),
        ("callbacks", callback_opts()),
        ("delivery", _delivery()),
        ("retention", _retention()),
        ("secrets", _secrets()),
        ("log", _log()),
        ("tracing", tracing_opts("each event taken in, and of each attempt")),
    ]


def _database() -> list[cfg.Opt]:
    return [
        cfg.Opt(
            "url",
            type=DATABASE,
            secret=True,
            sample_default="sqlite:////home/me/.local/share/workflow-notifier/"
            "bridge.sqlite3",
            help="Where listeners, events and deliveries are kept: SQLite or "
            "PostgreSQL. DATABASE_URL in the environment wins. Write $ as $$. Default: "
            "a file in the user's data directory.",
        ),
        cfg.BoolOpt(
            "migrate",
            default=Settings().database.migrate,
            help="serve brings an older schema up to date when it starts; otherwise it "
            "refuses to start until notifier-bridge migrate did that.",
        ),
    ]


def _bus() -> list[cfg.Opt]:
    default = Settings().bus
    return [
        url_opt("The broker.", "Without it, events come in by POST /v1/events only."),
        *tls_opts(),
        cfg.StrOpt(
            "exchange",
            default=default.exchange,
            help="Topic exchange that events are published to.",
        ),
        cfg.Opt(
            "bridge_queue",
            type=QueueName(),
            default=default.bridge_queue,
            help="Queue that events are taken from; bridges that name the same one "
            "share the work. The notifiers' [bus] bridge_queue should name it too.",
        ),
        cfg.IntOpt(
            "prefetch",
            default=default.prefetch,
            min=1,
            max=65535,
            help="Messages that may wait here unacked.",
        ),
        cfg.StrOpt(
            "reader",
            default=default.reader,
            choices=["lean", "plain"],
            help="lean takes messages off the connection in large pieces, at less than "
            "half of the cost; plain leaves that to the client library.",
        ),
        queue_type_opt(),
        cfg.StrOpt(
            "history",
            default=default.history,
            choices=["none", "stream"],
            help="stream: the broker keeps every event in a stream, "
            "workflow.events.history, for who reads from the bus and begins in the past.",
        ),
        cfg.IntOpt(
            "history_days",
            default=default.history_days,
            min=1,
            max=365,
            help="The stream keeps them for so long, if it does not exist yet.",
        ),
        _seconds("timeout_seconds", default.timeout, "For a publish to be confirmed."),
        cfg.IntOpt(
            "duplicate_events",
            default=default.duplicate_events,
            min=0,
            max=10_000_000,
            help="An event that was published twice is delivered once, if the second "
            "comes while this bridge knows the first: among so many recorded last. Each "
            "takes some 150 bytes of memory. Beyond, both have the same webhook-id.",
        ),
        _seconds(
            "duplicate_seconds", default.duplicate_span, "It is known for so long."
        ),
    ]


def _notifications() -> list[cfg.Opt]:
    default = Settings().notifications
    return [
        cfg.ListOpt(
            "topics",
            default=[],
            sample_default="notifications.info, notifications.error",
            help="Topics with priority that services of OpenStack emit notifications "
            "to; notifications.* for every priority. Default: none is heard.",
        ),
        cfg.ListOpt(
            "exchanges",
            default=list(default.exchanges),
            help="Exchanges of these services (their control_exchange), never declared "
            "here.",
        ),
        cfg.Opt(
            "queue",
            type=QueueName(),
            default=default.queue,
            help="Queue that is bound to them. Named like a topic, it is the service's "
            "own queue, and taken from all who read it.",
        ),
        cfg.Opt(
            "url",
            type=AMQP,
            secret=True,
            sample_default="rabbit://user:password@localhost:5672/",
            help="Their broker; a transport_url will do. Default: that of [bus]. Write "
            "$ as $$.",
        ),
    ]


def _delivery() -> list[cfg.Opt]:
    default = Settings().delivery
    return [
        _seconds(
            "grace_seconds",
            default.grace,
            "Attempts under way may take so long to end when the bridge stops.",
        ),
        _milliseconds(
            "park_after_ms",
            default.park_after,
            "An attempt still open after this holds its event on the bus no longer.",
        ),
        _milliseconds(
            "wait_ms",
            default.wait,
            "A delivery that would wait longer for a slot waits in the database.",
        ),
        _days(
            "disable_after_days",
            default.disable_after,
            "A listener that has done nothing but fail for so long is disabled.",
        ),
    ]


def _retention() -> list[cfg.Opt]:
    default = Settings().retention
    return [
        _days(
            "events_days",
            default.events,
            "Events are kept so long, and longer while a delivery of theirs is pending "
            "or dead; deliveries and attempts go with their event.",
        ),
        _days(
            "dead_days",
            default.dead,
            "Dead deliveries are kept so long after their last attempt.",
        ),
        _days(
            "execution_listener_days",
            default.execution_listener,
            "A listener on one execution ends so long after it, at most events_days.",
        ),
    ]


def _secrets() -> list[cfg.Opt]:
    return [
        cfg.Opt(
            "key",
            type=Key(),
            secret=True,
            help="Seals what is secret in the database. Better in the environment "
            "(OS_SECRETS__KEY) or in key_file than here.",
        ),
        cfg.StrOpt(
            "key_file",
            sample_default="/home/me/.local/share/workflow-notifier/bridge.key",
            help="Holds the key, where key is not set; made at the first start. Keep a "
            "copy: without it the secrets in the database are lost. Default: in the "
            "user's data directory.",
        ),
    ]


def _log() -> list[cfg.Opt]:
    default = Settings().log
    return [
        cfg.StrOpt(
            "level",
            default=default.level,
            choices=["DEBUG", "INFO", "WARNING", "ERROR"],
            help="What is logged at least.",
        ),
        cfg.StrOpt(
            "format",
            default=default.format,
            choices=[("line", "key=value, for people"), ("json", "for programs")],
            help="What a line looks like, on standard error.",
        ),
    ]


def _seconds(name: str, default: timedelta, about: str) -> cfg.Opt:
    seconds = default.total_seconds()
    return cfg.FloatOpt(name, default=seconds, min=0.1, max=3600, help=about)


def _days(name: str, default: timedelta, about: str) -> cfg.Opt:
    days = default / timedelta(days=1)
    return cfg.FloatOpt(name, default=days, min=0.01, max=36_500, help=about)


def _milliseconds(name: str, default: timedelta, about: str) -> cfg.Opt:
    milliseconds = default // timedelta(milliseconds=1)
    return cfg.IntOpt(name, default=milliseconds, min=0, max=60_000, help=about)

# SPDX-License-Identifier: Apache-2.0
"""Puts the settings of one process together, or says which line is at fault."""

import difflib
import os
import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from oslo_config import types

from bridge.errors import SettingsError
from bridge.settings.options import DATABASE, list_opts
from bridge.settings.values import (
    ApiSettings,
    BusSettings,
    CallbackSettings,
    DatabaseSettings,
    DeliverySettings,
    LogSettings,
    NotificationSettings,
    QuotaSettings,
    RetentionSettings,
    SecretSettings,
    Settings,
    TracingSettings,
    default_database_url,
    default_key_file,
)
from notifier.errors import SettingsError as FileError
from notifier.settings.files import read
from notifier.settings.options import AMQP, tls_of
from notifier.tls import Tls

USER_FILE: Final = Path("~/.config/workflow-notifier/bridge.conf")
SYSTEM_FILE: Final = Path("/etc/bridge/bridge.conf")

# Variables that other programs know too, and the setting that each stands for.
_VARIABLES: Final = {
    "AMQP_URL": ("bus", "url", AMQP),
    "DATABASE_URL": ("database", "url", DATABASE),
}

_OF_KEYSTONE: Final = "keystone_authtoken"
"""Section that keystonemiddleware reads by itself."""

_SETTING = re.compile(r"[^\s#;\[]")

Given = Mapping[tuple[str, str], str | None]
"""(section, name) to what stood on the command line; None: nothing did."""


def load(
    config_file: Path | None = None,
    *,
    given: Given | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of this process.

    Args:
        config_file: Default: as `find_file` says.
        given: What stood on the command line.
        environ: Default: the process's.

    Raises:
        SettingsError: Names file and line, variable or option, and what would be right.
    """
    environ = os.environ if environ is None else environ
    path = find_file(config_file, environ)
    sections = list_opts()
    try:
        values = read(sections, path, environ)
    except FileError as err:
        raise SettingsError(str(err)) from err
    if path is not None:
        _refuse_unknown_sections(path, {*dict(sections), _OF_KEYSTONE})
    for variable, (section, name, kind) in _VARIABLES.items():
        if environ.get(variable):
            values[section, name] = _checked(kind, environ[variable], variable)
    kinds = {(section, o.name): o.type for section, all_ in sections for o in all_}
    for (section, name), text in ({} if given is None else given).items():
        if text is not None:
            kind = kinds[section, name]
            values[section, name] = _checked(kind, text, f"--{name}")
    return _settings(values, path)


def find_file(
    config_file: Path | None = None, environ: Mapping[str, str] | None = None
) -> Path | None:
    """Return the file that settings are read from; None: there is none.

    It is the one that is given, else the one that ``NOTIFIER_BRIDGE_CONF`` names, else
    `USER_FILE` or `SYSTEM_FILE`, whichever there is first.

    Raises:
        SettingsError: The one that was named is not there.
    """
    environ = os.environ if environ is None else environ
    named = config_file or environ.get("NOTIFIER_BRIDGE_CONF")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError(f"{path}: there is no such file")
        return path
    usual = (USER_FILE.expanduser(), SYSTEM_FILE)
    return next((path for path in usual if path.is_file()), None)


def _refuse_unknown_sections(path: Path, known: Collection[str]) -> None:
    section = "DEFAULT"  # the generated sample has it, with nothing in it
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        header = re.match(r"\[(.+)]", line)
        if header:
            section = header[1]
        if section in known or (section == "DEFAULT" and not _SETTING.match(line)):
            continue
        near = difflib.get_close_matches(section, known, n=1)
        hint = f"; did you mean [{near[0]}]?" if near else ""
        raise SettingsError(
            f"{path}:{number}: there are no settings in [{section}]{hint}"
        )


def _checked(kind: types.ConfigType, text: str, place: str) -> Any:  # noqa: ANN401 - by its kind
    try:
        return kind(text)
    except ValueError as err:
        raise SettingsError(f"{place} must be a {kind.type_name}") from err


def _tls(values: Mapping[tuple[str, str], Any]) -> Tls:
    try:
        return tls_of(values)
    except FileError as err:
        raise SettingsError(str(err)) from err


def _settings(values: Mapping[tuple[str, str], Any], path: Path | None) -> Settings:
    api = ApiSettings(
        host=values["api", "host"],
        port=values["api", "port"],
        auth=values["api", "auth"],
        keystone_file=path if values["api", "auth"] == "keystone" else None,
    )
    loopback = values["callbacks", "allow_loopback"]
    ca_bundle = values["callbacks", "ca_bundle"]
    key_file = values["secrets", "key_file"]
    return Settings(
        api=api,
        quotas=QuotaSettings(
            listeners=values["quotas", "listeners"] or None,
            events_per_second=values["quotas", "events_per_second"] or None,
        ),
        database=DatabaseSettings(
            url=values["database", "url"] or default_database_url(),
            migrate=values["database", "migrate"],
        ),
        bus=BusSettings(
            url=values["bus", "url"],
            tls=_tls(values),
            exchange=values["bus", "exchange"],
            bridge_queue=values["bus", "bridge_queue"],
            prefetch=values["bus", "prefetch"],
            queue_type=values["bus", "queue_type"],
            reader=values["bus", "reader"],
            history=values["bus", "history"],
            history_days=values["bus", "history_days"],
            timeout=timedelta(seconds=values["bus", "timeout_seconds"]),
            duplicate_events=values["bus", "duplicate_events"],
            duplicate_span=timedelta(seconds=values["bus", "duplicate_seconds"]),
        ),
        notifications=NotificationSettings(
            topics=tuple(values["notifications", "topics"]),
            exchanges=tuple(values["notifications", "exchanges"]),
            queue=values["notifications", "queue"],
            url=values["notifications", "url"],
        ),
        callbacks=CallbackSettings(
            allow_addresses=tuple(values["callbacks", "allow_addresses"]),
            allow_loopback=api.auth == "none" if loopback is None else loopback,
            https_only=values["callbacks", "https_only"],
            amqp_exchanges=tuple(values["callbacks", "amqp_exchanges"]),
            client=values["callbacks", "client"],
            connections=values["callbacks", "connections"],
            threads=values["callbacks", "threads"],
            ca_bundle=Path(ca_bundle).expanduser() if ca_bundle else None,
            webhook_origin=values["callbacks", "webhook_origin"] or None,
        ),
        delivery=DeliverySettings(
            grace=timedelta(seconds=values["delivery", "grace_seconds"]),
            park_after=timedelta(milliseconds=values["delivery", "park_after_ms"]),
            wait=timedelta(milliseconds=values["delivery", "wait_ms"]),
            disable_after=timedelta(days=values["delivery", "disable_after_days"]),
        ),
        retention=RetentionSettings(
            events=timedelta(days=values["retention", "events_days"]),
            dead=timedelta(days=values["retention", "dead_days"]),
            execution_listener=timedelta(
                days=values["retention", "execution_listener_days"]
            ),
        ),
        secrets=SecretSettings(
            key=values["secrets", "key"],
            key_file=Path(key_file).expanduser() if key_file else default_key_file(),
        ),
        log=LogSettings(values["log", "level"], values["log", "format"]),
        tracing=TracingSettings(values["tracing", "spans"]),
    )

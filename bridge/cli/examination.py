# SPDX-License-Identifier: Apache-2.0
"""Looks at all that a bridge needs to start and work; changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.errors import SettingsError, StoreError
from bridge.service.bus import trouble
from bridge.service.notifications import broker_of
from bridge.settings import BusSettings, SecretSettings, Settings, find_file, load
from bridge.store import schema
from bridge.store.database import Database
from bridge.store.vault import Vault, check_key, read_key
from notifier.settings import masked


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what was found."""

    about: str
    text: str
    good: bool = True


def examine(config_file: Path | None) -> Iterator[Finding]:
    """Look at settings, database, bus and services, in this order; blocks shortly."""
    try:
        settings = load(config_file)
        path = find_file(config_file)
    except SettingsError as err:
        yield Finding("settings", str(err), good=False)
        return
    yield Finding("settings", "all by default" if path is None else f"{path} is right")
    yield _database(settings)
    yield _bus(settings.bus)
    if settings.notifications.topics:
        yield _services(settings)


def _database(settings: Settings) -> Finding:
    try:
        with Database(settings.database.url) as database:
            if database.file is not None and not database.file.exists():
                return Finding("database", f"{database.name} will be made")
            if not settings.database.migrate:
                schema.require_current(database)
            elif not schema.is_current(database):
                text = f"{database.name} will be migrated to schema {schema.head()}"
                return Finding("database", text)
            vault = _vault(settings.secrets)
            if vault is not None:
                check_key(database, vault)
            return Finding("database", f"{database.name}, schema {schema.head()}")
    except (SettingsError, StoreError) as err:
        return Finding("database", str(err), good=False)


def _vault(secrets: SecretSettings) -> Vault | None:
    if secrets.key is not None:
        return Vault(secrets.key)
    if secrets.key_file.exists():
        return Vault(read_key(secrets.key_file))
    return None


def _bus(bus: BusSettings) -> Finding:
    if bus.url is None:
        return Finding("bus", "in this process; set AMQP_URL to use RabbitMQ")
    return _broker("bus", bus, bus.url)


def _services(settings: Settings) -> Finding:
    try:
        url, tls = broker_of(settings)
    except SettingsError as err:
        return Finding("services", str(err), good=False)
    return _broker("services", replace(settings.bus, tls=tls), url)


def _broker(about: str, bus: BusSettings, url: str) -> Finding:
    where = masked(url)
    try:
        reason = trouble(bus, url)
    except SettingsError as err:
        return Finding(about, str(err), good=False)
    if reason is not None:
        return Finding(about, f"no broker answers on {where}: {reason}", good=False)
    return Finding(about, f"a broker answers on {where}")

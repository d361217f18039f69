# SPDX-License-Identifier: Apache-2.0
"""What an operator may set for the engine's side: from a file and the environment.

Environment before file before default: ``AMQP_URL``, ``BRIDGE_URL``, ``DATABASE_URL`` and
``NOTIFIER_BRIDGE_TOKEN``, then ``OS_<SECTION>__<NAME>`` (oslo.config's own spelling), then
the first configuration file that there is.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from notifier.errors import SettingsError
from notifier.settings.files import read
from notifier.settings.host import of_host
from notifier.settings.options import amqp_url, bridge_url, bus_of, list_opts
from notifier.settings.token import find_token
from notifier.settings.url import masked
from notifier.settings.values import Bus, OnError, Outbox, Settings, Spans

__all__ = [
    "SYSTEM_FILE",
    "USER_FILE",
    "Bus",
    "OnError",
    "Outbox",
    "Settings",
    "Spans",
    "list_opts",
    "load",
    "masked",
    "of_host",
]

USER_FILE: Final = Path("~/.config/workflow-notifier/notifier.conf")
SYSTEM_FILE: Final = Path("/etc/notifier/notifier.conf")


def load(
    config_file: Path | None = None,
    *,
    token_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of this process.

    Args:
        config_file: Default: ``NOTIFIER_CONF``, else the first that there is of
            `USER_FILE` and `SYSTEM_FILE`.
        token_file: Holds the token for the bridge. Default: as the settings say.
        environ: Default: the process's.

    Raises:
        SettingsError: Names the file, the line and what would be right.
    """
    if environ is None:
        environ = os.environ
    values = read(list_opts(), _find(config_file, environ), environ)
    return Settings(
        bus=bus_of(values, amqp_url(environ) or values["bus", "url"]),
        http_url=(bridge_url(environ) or values["http", "url"]).rstrip("/"),
        http_token=find_token(
            token_file,
            environ,
            values["http", "token"],
            values["http", "token_file"],
        ),
        source=values["notifier", "source"],
        project=values["notifier", "project"],
        on_error=values["notifier", "on_error"],
        spans=values["tracing", "spans"],
        outbox=Outbox(
            url=environ.get("DATABASE_URL") or values["outbox", "url"],
            table=values["outbox", "table"],
        ),
    )


def _find(config_file: Path | None, environ: Mapping[str, str]) -> Path | None:
    named = config_file or environ.get("NOTIFIER_CONF")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError(f"{path}: there is no such file")
        return path
    usual = (USER_FILE.expanduser(), SYSTEM_FILE)
    return next((path for path in usual if path.is_file()), None)

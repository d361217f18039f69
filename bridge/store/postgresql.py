# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL: named, bounded in number and time, renewed, broken off."""

import os
import socket
from contextlib import suppress
from typing import Any, Final
from weakref import WeakValueDictionary

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from bridge.errors import SettingsError

MAX_CONNECTIONS: Final = 15
"""So many does one bridge open at most; it keeps a third of them."""

CONNECTION_WAIT_SECONDS: Final = 5

_TOLD: Final = {
    "application_name": "workflow-notifier-bridge",
    "connect_timeout": "5",
    # A server that is cut off in silence is given up after 15 s.
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "15000",
}
"""What libpq is told, unless the URL says otherwise."""


class Connections:
    """The connections to one server.

    Args:
        url: Of the driver psycopg.

    Raises:
        SettingsError: The driver is not installed.
    """

    def __init__(self, url: URL) -> None:
        kept = MAX_CONNECTIONS // 3
        told = {name: said for name, said in _TOLD.items() if name not in url.query}
        self._opened: WeakValueDictionary[int, Any] = WeakValueDictionary()
        try:
            self.engine: Final[Engine] = create_engine(
                url,
                connect_args=told,
                pool_pre_ping=True,  # none that broke meanwhile is handed out
                pool_size=kept,
                max_overflow=MAX_CONNECTIONS - kept,
                pool_timeout=CONNECTION_WAIT_SECONDS,
            )
        except ModuleNotFoundError as err:
            raise SettingsError(
                "[database] url: PostgreSQL needs psycopg; "
                "pip install 'workflow-notifier[postgresql]'"
            ) from err
        event.listen(self.engine, "connect", self._note)

    def break_off(self) -> None:
        """End what the server has not answered: whoever waits for that gets an error.

        From any thread; nothing else would wake those who wait for a server that hangs.
        """
        lost = (
            self.engine.dialect.loaded_dbapi.Error
        )  # who waited has heard of it by now
        for reference in self._opened.valuerefs():
            connection = reference()
            if connection is None or connection.closed:
                continue
            is_idle = not connection.info.transaction_status
            if not is_idle:
                with (
                    suppress(OSError, lost),
                    socket.socket(fileno=os.dup(connection.fileno())) as ours,
                ):
                    ours.shutdown(socket.SHUT_RDWR)

    def _note(self, connection: Any, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy has them untyped
        self._opened[id(connection)] = connection

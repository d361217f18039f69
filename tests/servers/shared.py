# SPDX-License-Identifier: Apache-2.0
"""One PostgreSQL database that tests share, each in a schema of its own.

A schema is there and gone in milliseconds, where a database takes a third of a second.
"""

from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql


class SharedDatabase:
    """A database that somebody else starts, stops and owns.

    Raises:
        ValueError: The URL is none of PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        if scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("DATABASE_URL must look like postgresql://user@host/name")
        self.url = f"postgresql://{rest}"
        with psycopg.connect(self.url, connect_timeout=10) as connection:
            said = connection.info.parameter_status("server_version") or ""
        self.version = said.partition(" ")[0]
        """As the running server says it, such as ``15.18``."""

    def schema(self, name: str) -> str:
        """Create a schema and return the URL that leads into it."""
        self._say("CREATE SCHEMA {}", name)
        mark = "&" if urlsplit(self.url).query else "?"
        return f"{self.url}{mark}options=-csearch_path%3D{quote(name, safe='')}"

    def drop_schema(self, name: str) -> None:
        """Delete a schema with all that is in it."""
        self._say("DROP SCHEMA {} CASCADE", name)

    def _say(self, command: str, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(sql.Identifier(name)))

# SPDX-License-Identifier: Apache-2.0
"""oslo.config's types for what only a bridge has: addresses, networks, keys.

Their names end the sentence ``must be a …`` that an operator reads.
"""

import base64
import ipaddress
import re

from oslo_config import types

from bridge.settings.values import Network

_DATABASE = re.compile(r"sqlite:///.+|postgresql(\+psycopg)?://.+")
_KEY_BYTES = 32


class ListenAddress(types.ConfigType):
    """Where a server may listen."""

    def __init__(self) -> None:
        super().__init__("numeric address, such as 127.0.0.1, or localhost")

    def __call__(self, value: str) -> str:
        """Return the host unchanged.

        Raises:
            ValueError: It is neither.
        """
        if value != "localhost":
            ipaddress.ip_address(value)
        return value

    def _formatter(self, value: str) -> str:
        return value


class NetworkAddress(types.ConfigType):
    """A network in CIDR form."""

    def __init__(self) -> None:
        super().__init__("network such as 10.0.3.0/24")

    def __call__(self, value: str | Network) -> Network:
        """Return the network.

        Raises:
            ValueError: It is none, or has bits set beyond its length.
        """
        return ipaddress.ip_network(value)

    def _formatter(self, value: Network) -> str:
        return str(value)


class DatabaseUrl(types.ConfigType):
    """A URL of SQLite or PostgreSQL, as SQLAlchemy reads it."""

    def __init__(self) -> None:
        super().__init__(
            "database URL: sqlite:////path/to/file or postgresql://user@host/name"
        )

    def __call__(self, value: str) -> str:
        """Return the URL unchanged.

        Raises:
            ValueError: It is none. It may hold a password: it is not repeated.
        """
        if not _DATABASE.fullmatch(value):
            raise ValueError(f"must be a {self.type_name}")
        return value

    def _formatter(self, value: str) -> str:
        return value


class Key(types.ConfigType):
    """A key of Fernet."""

    def __init__(self) -> None:
        super().__init__("key: 32 bytes in URL-safe base64")

    def __call__(self, value: str) -> str:
        """Return the key unchanged.

        Raises:
            ValueError: It is none; it is not repeated.
        """
        try:
            size = len(base64.urlsafe_b64decode(value))
        except ValueError:
            size = 0
        if size != _KEY_BYTES:
            raise ValueError(f"must be a {self.type_name}")
        return value

    def _formatter(self, value: str) -> str:
        return value

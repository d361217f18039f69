# SPDX-License-Identifier: Apache-2.0
"""oslo.config's types for what only a bridge has: loopback hosts, networks, keys.

Their names end the sentence ``must be a …`` that an operator reads.
"""

import base64
import ipaddress
import re

from oslo_config import types

from bridge.settings.values import Network

_DATABASE = re.compile(r"sqlite:///.+|postgresql(\+psycopg)?://.+")
_KEY_BYTES = 32


class LoopbackHost(types.ConfigType):
    """A name or an address of this machine alone."""

    def __init__(self) -> None:
        super().__init__(
            "loopback address, such as 127.0.0.1, while auth = none: whoever reaches "
            "the API may do everything"
        )

    def __call__(self, value: str) -> str:
        """Return the host unchanged.

        Raises:
            ValueError: Others could reach it.
        """
        if value != "localhost" and not ipaddress.ip_address(value).is_loopback:
            raise ValueError(f"must be a {self.type_name}")
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

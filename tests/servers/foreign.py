# SPDX-License-Identifier: Apache-2.0
"""The broker that ``AMQP_URL`` names: used, never started, stopped or harmed."""

from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import kombu

from tests.servers.management import Management

_MANAGEMENT_PORT: Final = 15672


class ForeignBroker:
    """Somebody's RabbitMQ; tests get virtual hosts of their own where it lets them."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.management = Management(
            f"http://{parts.hostname}:{_MANAGEMENT_PORT}",
            unquote(parts.username or "guest"),
            unquote(parts.password or "guest"),
        )
        self.gives_vhosts = self.management.is_reachable()
        """Else all tests share the virtual host of the URL."""
        with kombu.Connection(url, connect_timeout=10) as connection:
            server = connection.connect().server_properties
        self.version = str(server["version"])

    def vhost(self, name: str) -> str:
        """Create a virtual host, where we may, and return its AMQP URL."""
        if not self.gives_vhosts:
            return self.url
        self.management.add_vhost(name)
        return urlunsplit(urlsplit(self.url)._replace(path=quote(name, safe="")))

    def drop_vhost(self, name: str) -> None:
        """Delete what `vhost` created."""
        if self.gives_vhosts:
            self.management.drop_vhost(name)

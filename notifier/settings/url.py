# SPDX-License-Identifier: Apache-2.0
"""A URL in the settings: what is one, how it may be shown."""

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from oslo_config import types

TRANSPORT: Final = "rabbit://"
"""How oslo.messaging's URL of RabbitMQ begins."""


class Url(types.ConfigType):
    """oslo.config's type for a URL of one of some schemes."""

    def __init__(self, *schemes: str) -> None:
        right = " or ".join(f"{scheme}://host" for scheme in schemes)
        super().__init__(f"URL such as {right}")
        self.schemes = schemes

    def __call__(self, value: str) -> str:
        """Return the URL unchanged.

        Raises:
            ValueError: It is none. The value may hold a password: it is not repeated.
        """
        try:
            url = urlsplit(value)
            right = url.scheme in self.schemes and bool(url.hostname)
            _ = url.port  # a property that raises
        except ValueError:
            right = False
        if not right:
            raise ValueError(f"must be a {self.type_name}")
        return value

    def _formatter(self, value: str) -> str:
        return value


class BrokerUrl(Url):
    """oslo.config's type for a broker's URL; also for oslo.messaging's of RabbitMQ."""

    def __init__(self) -> None:
        super().__init__("amqp", "amqps")

    def __call__(self, value: str) -> str:
        """Return the URL, one of oslo.messaging as AMQP URLs.

        Raises:
            ValueError: It is none. The value may hold a password: it is not repeated.
        """
        if not value.startswith(TRANSPORT):
            return super().__call__(value)
        return ";".join(super(BrokerUrl, self).__call__(one) for one in _hosts(value))


def _hosts(transport_url: str) -> list[str]:
    """Return the AMQP URL of each host that a ``transport_url`` names.

    ``rabbit://user:password@one:5672,user:password@two:5672/vhost?ssl=true``, as
    oslo.messaging reads it; without any host it means this machine.
    """
    url = urlsplit(transport_url)
    said = parse_qs(url.query).get("ssl", ["false"])[-1]
    scheme = "amqps" if said.lower() in types.Boolean.TRUE_VALUES else "amqp"
    hosts = [one for one in url.netloc.split(",") if one] or ["localhost"]
    return [f"{scheme}://{host}{url.path}" for host in hosts]


def masked(url: str) -> str:
    """Return a URL as it may be shown: without its password.

    Example:
        >>> masked("amqp://me:secret@broker/acme")
        'amqp://me:***@broker/acme'
    """
    return re.sub(r"(?<=://)([^:@/]*):[^/]*@", r"\1:***@", url)

# SPDX-License-Identifier: Apache-2.0
"""A URL in the settings: what is one, how it may be shown."""

import re
from urllib.parse import urlsplit

from oslo_config import types


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


def masked(url: str) -> str:
    """Return a URL as it may be shown: without its password.

    Example:
        >>> masked("amqp://me:secret@broker/acme")
        'amqp://me:***@broker/acme'
    """
    return re.sub(r"(?<=://)([^:@/]*):[^/]*@", r"\1:***@", url)

# SPDX-License-Identifier: Apache-2.0
"""oslo.config's types for what stands on the bus, and for files that it needs.

Their names end the sentence ``must be a …`` that an operator reads.
"""

import os
from pathlib import Path
from typing import Final

from oslo_config import types

from notifier.topology import BRIDGE_QUEUE

_MAX_NAME_BYTES: Final = 255  # an AMQP short string
_RESERVED: Final = "amq."


class QueueName(types.ConfigType):
    """The name of a queue."""

    def __init__(self, about: str = "name of a queue") -> None:
        super().__init__(about)

    def __call__(self, value: str | None) -> str | None:
        """Return the name unchanged.

        Raises:
            ValueError: A broker would not take it.
        """
        if (
            value is None
            or not 0 < len(value.encode()) <= _MAX_NAME_BYTES
            or value.startswith(_RESERVED)
        ):
            raise ValueError(f"must be a {self.type_name}")
        return value

    def _formatter(self, value: str) -> str:
        return value


class WantedQueue(QueueName):
    """The name of a queue; also ``true`` for the usual one, ``false`` for none."""

    def __init__(self) -> None:
        super().__init__("name of a queue, or true, or false")
        self._switch = types.Boolean()

    def __call__(self, value: str | None) -> str | None:
        """Return the name; None for no queue.

        Raises:
            ValueError: A broker would not take it.
        """
        if value is None:
            return None
        try:
            return BRIDGE_QUEUE if self._switch(value) else None
        except ValueError:
            return super().__call__(value)


class ReadableFile(types.ConfigType):
    """A file that is there and that this process may read."""

    def __init__(self) -> None:
        super().__init__("file that can be read")

    def __call__(self, value: str | Path) -> Path:
        """Return its path.

        Raises:
            ValueError: It is not there, or not for us.
        """
        path = Path(value).expanduser()
        if not (path.is_file() and os.access(path, os.R_OK)):
            raise ValueError(f"must be a {self.type_name}")
        return path

    def _formatter(self, value: Path) -> str:
        return str(value)

# SPDX-License-Identifier: Apache-2.0
"""How the bridge and the process that evaluates speak with each other.

::

    0         4
    +---------+------------+
    | length  | JSON       |   length: of the JSON, in bytes, big-endian
    +---------+------------+

    to the process    {"when": ["…", …], "data": {…}}     one event
    from the process  "ready"                             once, before all else
                      ["error", "took …"]                 one for each `when`, in order
"""

import json
from collections.abc import Iterator
from typing import Any, Final

READY: Final = "ready"

_HEAD: Final = 4


def encode(value: object) -> bytes:
    """Return the frame that carries the value.

    Raises:
        TypeError, ValueError, RecursionError: JSON cannot hold it.
    """
    text = json.dumps(value, separators=(",", ":")).encode()
    return len(text).to_bytes(_HEAD) + text


class Decoder:
    """Cuts a stream into frames.

    Example:
        >>> decoder = Decoder()
        >>> frame = encode("ready")
        >>> list(decoder.feed(frame[:5])), list(decoder.feed(frame[5:]))
        ([], ['ready'])
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> Iterator[Any]:
        """Take the next piece of the stream; yield what it completes."""
        self._buffer += piece
        while len(self._buffer) >= _HEAD:
            end = _HEAD + int.from_bytes(self._buffer[:_HEAD])
            if len(self._buffer) < end:
                return
            text = bytes(self._buffer[_HEAD:end])
            del self._buffer[:end]
            yield json.loads(text)

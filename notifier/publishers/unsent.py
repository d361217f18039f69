# SPDX-License-Identifier: Apache-2.0
"""What is yet to be written to a connection of py-amqp."""

from typing import Any

from amqp.method_framing import frame_writer


class Unsent:
    """Bytes that the socket has not taken yet, ours and py-amqp's in their order.

    Attributes:
        is_direct: Whether py-amqp's own frames leave at once, blocking.
    """

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.is_direct = True
        self._transport: Any = None

    def attach(self, connection: Any, transport: Any) -> Any:  # noqa: ANN401 - py-amqp has no types
        """Return what py-amqp writes its frames with."""
        self._transport = transport
        return frame_writer(connection, self)

    def write(self, data: bytes) -> None:
        """Take a frame of py-amqp."""
        self.waiting += data
        if self.is_direct:
            self._transport.write(bytes(self.waiting))
            self.waiting.clear()

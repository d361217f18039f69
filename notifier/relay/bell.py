# SPDX-License-Identifier: Apache-2.0
"""Tells a relay to stop, also while it waits for something else."""

import selectors
import socket
from contextlib import suppress


class Bell:
    """Rings once and for good; may be rung from any thread and in a signal handler."""

    def __init__(self) -> None:
        self.has_rung = False
        self._ear, self._rope = socket.socketpair()
        self._rope.setblocking(False)  # noqa: FBT003 - Python's own

    def ring(self) -> None:
        """Wake whoever waits, now and from now on."""
        self.has_rung = True
        with suppress(OSError):  # it has been rung often, or is closed
            self._rope.send(b"!")

    def wait(self, seconds: float, descriptor: int | None = None) -> bool:
        """Wait until it rings, or there is something to read; tell whether there is.

        Args:
            seconds: At most so long.
            descriptor: Of a socket that is waited for, too.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            if descriptor is not None:
                selector.register(descriptor, selectors.EVENT_READ)
            ready = [key.fd for key, _ in selector.select(max(seconds, 0))]
        return descriptor in ready

    def close(self) -> None:
        """Let go of it; may be called twice."""
        self._ear.close()
        self._rope.close()

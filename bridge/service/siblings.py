# SPDX-License-Identifier: Apache-2.0
"""The metrics of all bridges of one program, whichever of them is asked.

Each answers the others on a socket of its own in a folder that is nobody else's.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from socket import socket
from typing import Final, Self

from bridge.service.place import Place

PATIENCE_SECONDS: Final = 2.0
"""One that does not answer in time is left out: it is started again just now."""

_NAME = re.compile(r"[\w:]+")


class Siblings:
    """One of several bridges, and how it asks the others.

    Args:
        number: Its own.
        sockets: On which each listens, in their order; empty: it is alone.
        own: Returns its own metrics in Prometheus' text format.
    """

    def __init__(
        self, number: int, sockets: Sequence[socket], own: Callable[[], bytes]
    ) -> None:
        self._number = number
        self._sockets = sockets
        self._own = own
        self._server: asyncio.Server | None = None

    @classmethod
    def at(cls, place: Place | None, own: Callable[[], bytes]) -> Self:
        """Return those of one place; None: it is alone."""
        if place is None:
            return cls(0, (), own)
        return cls(place.number, place.siblings, own)

    async def start(self) -> None:
        """Begin to answer the others."""
        if not self._sockets:
            return
        self._server = await asyncio.start_unix_server(
            self._answer, sock=self._sockets[self._number].dup()
        )

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()

    async def metrics(self) -> bytes:
        """Return the metrics of all, each sample with the number of its worker."""
        if not self._sockets:
            return self._own()
        others = {
            number: asyncio.create_task(_ask(one.getsockname()))
            for number, one in enumerate(self._sockets)
            if number != self._number
        }
        told = {number: await answer for number, answer in others.items()}
        return merged({self._number: self._own(), **told})

    async def _answer(
        self, _: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(self._own())
        with suppress(OSError):  # whoever asked has gone
            await writer.drain()
        writer.close()


def merged(texts: Mapping[int, bytes]) -> bytes:
    """Return metrics of several processes as one text, with a label ``worker``."""
    families: dict[str, dict[str, None]] = {}
    for number, text in sorted(texts.items()):
        family: dict[str, None] = {}
        for line in text.decode().splitlines():
            if line.startswith("# HELP "):
                family = families.setdefault(line.split(" ", 3)[2], {})
            family[line if line.startswith("#") else _labelled(line, number)] = None
    lines = (line for family in families.values() for line in family)
    return "".join(f"{line}\n" for line in lines).encode()


def _labelled(sample: str, number: int) -> str:
    name = _NAME.match(sample)
    if name is None:
        return sample
    rest = sample[name.end() :]
    comma, rest = (",", rest[1:]) if rest.startswith("{") else ("}", rest)
    return f'{name.group()}{{worker="{number}"{comma}{rest}'


async def _ask(address: str) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_unix_connection(address)
            told = await reader.read(-1)
            writer.close()
            return told
    except (OSError, TimeoutError):
        return b""

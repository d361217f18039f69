# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks in a process of its own: notes whose came, and how late.

``python -m benchmarks.receiver PORT`` is the process, `Receiver` whoever starts it. It
stands in for nginx where there is none, and measures delays, which nginx tells in whole
milliseconds only.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, Self

import uvloop

from benchmarks.rounds import SENT_DIGITS
from tests.servers.processes import Kept, free_port

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.02
_ANSWER: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
_ID = re.compile(rb"\r\nce-id: *([^\r]*)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_SENT = re.compile(rb'"sent": ?(\d{%d})' % SENT_DIGITS)


class Receiver:
    """Takes webhooks between enter and exit.

    Attributes:
        url: Where to send them.
        version: None: it is of this project.
    """

    version: Final = None

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://{_HOST}:{self._port}/hook"
        self._log = Path(tempfile.mkstemp(prefix="workflow-notifier-receiver-")[1])
        self._kept: Kept | None = None

    def __enter__(self) -> Self:
        command = (sys.executable, "-m", "benchmarks.receiver", str(self._port))
        self._kept = Kept(command, env=dict(os.environ), log=self._log)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.count()
            except OSError:
                if time.monotonic() > deadline or not self._kept.runs:
                    raise RuntimeError(self._log.read_text()) from None
                time.sleep(_POLL_SECONDS)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.kill()
        self._log.unlink()

    def count(self) -> int:
        """Return how many webhooks have come so far."""
        return int(self._asked("/count"))

    def events(self) -> list[str]:
        """Return the header ``ce-id`` of each webhook that came, in order."""
        return [event_id for event_id, _ in self.delays()]

    def delays(self) -> list[tuple[str, float]]:
        """Return ``ce-id`` and milliseconds since it was sent, of each that came."""
        return [(event_id, delay) for event_id, delay in self._asked("/delays")]

    def _asked(self, path: str) -> Any:  # noqa: ANN401 - JSON, read at once
        connection = HTTPConnection(_HOST, self._port, timeout=10)
        connection.request("GET", path)
        said = json.loads(connection.getresponse().read())
        connection.close()
        return said


class _Connection(asyncio.Protocol):
    def __init__(self, came: list[tuple[str, float]]) -> None:
        self._came = came
        self._data = b""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvloop's own
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._data + data if self._data else data
        while (end := data.find(b"\r\n\r\n") + 4) > 3:  # noqa: PLR2004 - not found: -1
            if data.startswith(b"GET "):
                self._tell(data)
                data = data[end:]
                continue
            length = _LENGTH.search(data, 0, end)
            whole = end + (int(length[1]) if length else 0)
            if len(data) < whole:
                break
            self._note(data, end)
            data = data[whole:]
        self._data = data

    def _note(self, data: bytes, end: int) -> None:
        event_id, sent = _ID.search(data, 0, end), _SENT.search(data, end)
        delay = (time.time_ns() - int(sent[1])) / 1e6 if sent else 0.0
        self._came.append((event_id[1].decode() if event_id else "", delay))
        self._transport.write(_ANSWER)

    def _tell(self, request: bytes) -> None:
        wants_all = request.startswith(b"GET /delays")
        said = json.dumps(self._came if wants_all else len(self._came)).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said)
        self._transport.write(head + said)


async def _serve(port: int) -> None:
    came: list[tuple[str, float]] = []
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(came), _HOST, port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))

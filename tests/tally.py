# SPDX-License-Identifier: Apache-2.0
"""A receiver of very many webhooks, which only counts; it takes little of the machine."""

import asyncio
import re
import threading
from collections import Counter

import uvloop

PATIENCE_SECONDS = 60

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
_REFUSAL = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
_ID = re.compile(rb"\r\nce-id: *([^\r]*)\r\n", re.IGNORECASE)
_WEBHOOK_ID = re.compile(rb"\r\nwebhook-id: *([^\r]*)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Tally:
    """A context manager; between enter and exit it takes webhooks.

    Args:
        refuses: Says of a call whether to answer 503, and not to count it. Default:
            none.

    Attributes:
        calls: Event id to how many calls came for it.
        webhook_ids: Event id to the ``webhook-id`` of its first call.
        renamed: Ids of events that came again with another ``webhook-id``.
    """

    def __init__(self, refuses=lambda: False):
        self.calls = Counter()
        self.webhook_ids = {}
        self.renamed = set()
        self.url = ""
        self._refuses = refuses
        self._open = set()
        self._changed = threading.Condition()
        self._loop = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def repeated(self):
        """How many calls came beyond the first of each event."""
        return self.calls.total() - len(self.calls)

    def wait_for_some(self, count, seconds=PATIENCE_SECONDS):
        """Wait until a call has come for so many events."""
        with self._changed:
            in_time = self._changed.wait_for(lambda: len(self.calls) >= count, seconds)
            assert in_time, f"only {len(self.calls)} came"

    def wait_for(self, event_ids, seconds=PATIENCE_SECONDS):
        """Wait until a call has come for each of these events."""
        wanted = set(event_ids)
        with self._changed:
            in_time = self._changed.wait_for(
                lambda: len(self.calls) >= len(wanted) and wanted <= self.calls.keys(),
                seconds,
            )
            missing = sorted(wanted - self.calls.keys())
            assert in_time, f"{len(missing)} never came, such as {missing[:3]}"

    def _run(self):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(
            lambda: _Connection(self._answer, self._open), "127.0.0.1", 0, backlog=512
        )
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/hook"
        self._started.set()
        await self._stop.wait()
        server.close()
        for transport in tuple(self._open):
            transport.abort()

    def _answer(self, head):
        if self._refuses():
            return _REFUSAL
        event_id = _ID.search(head)[1].decode()
        webhook_id = _WEBHOOK_ID.search(head)[1]
        with self._changed:
            self.calls[event_id] += 1
            if self.webhook_ids.setdefault(event_id, webhook_id) != webhook_id:
                self.renamed.add(event_id)
            self._changed.notify_all()
        return _ANSWER


class _Connection(asyncio.Protocol):
    def __init__(self, answer, all_open):
        self._answer = answer
        self._all_open = all_open
        self._data = b""

    def connection_made(self, transport):
        self._transport = transport
        self._all_open.add(transport)

    def connection_lost(self, _):
        self._all_open.discard(self._transport)

    def data_received(self, data):
        self._data += data
        while (end := self._data.find(b"\r\n\r\n") + 4) > 3:
            head = self._data[:end]
            length = int(_LENGTH.search(head)[1])
            if len(self._data) < end + length:
                return
            self._data = self._data[end + length :]
            self._transport.write(self._answer(head))

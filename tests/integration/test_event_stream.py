# SPDX-License-Identifier: Apache-2.0
"""What `notifier tail` makes of an event stream, whatever answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from notifier.cli.door import listen
from notifier.errors import Refused, Unreachable
from notifier.event import Event
from notifier.wire import to_cloudevent

EVENT = Event.new("task.failed", execution="e1", task="charge")
DATA = json.dumps(to_cloudevent(EVENT))


class Door(BaseHTTPRequestHandler):
    """Answers with what the test wants."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Accept"]))
        self.send_response(self.server.status)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in self.server.chunks:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        server.asked, server.chunks, server.status = [], [], 200
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def read(server, *bindings):
    """Return what came until the stream ended, and what was remarked."""
    came, notes = [], []
    with pytest.raises(Unreachable, match="ended the stream"):  # noqa: PT012 - the loop is what raises
        for message in listen(server.url, bindings, notes.append):
            came.append(message)  # noqa: PERF402 - it does not end, it raises
    return came, notes


def test_it_asks_for_every_binding(server):
    read(server, "task.failed.#", "*.*.acme.#")

    ((path, accept),) = server.asked
    assert path == (
        "/v1/events/stream?binding=task.failed.%23&binding=%2A.%2A.acme.%23"
    )
    assert accept == "text/event-stream"


def test_nothing_is_missed_from_the_first_line_on(server):
    server.chunks = [b": watching\n\n", f"data: {DATA}\n\n".encode()]

    came, notes = read(server, "#")

    assert came[0] is None
    assert [message.event for message in came[1:]] == [EVENT]
    assert notes == []


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_an_event_may_come_in_pieces(server, size, end):
    text = f"id: 1{end}event: task.failed{end}data:{DATA}{end}{end}".encode()
    server.chunks = [text[n : n + size] for n in range(0, len(text), size)]

    came, _ = read(server, "#")

    assert [message.event for message in came[1:]] == [EVENT]


def test_what_the_bridge_remarks_is_noted(server):
    server.chunks = [b": watching\n\n: ping\n\n: 5 events were dropped so far\n\n"]

    _, notes = read(server, "#")

    assert notes == ["5 events were dropped so far"]


def test_data_that_is_no_event_is_shown_as_such(server):
    server.chunks = [b"data: {\ndata: }\n\ndata: nonsense\n\n"]

    came, _ = read(server, "#")

    assert [message.event for message in came[1:]] == [None, None]
    assert came[1].body == b"{\n}"
    assert came[2].fault.startswith("body: is not JSON")


def test_a_door_without_a_stream_is_told(server):
    server.status = 404

    with pytest.raises(Refused, match="the bridge gives no stream: 404"):
        next(listen(server.url, ["#"], print))

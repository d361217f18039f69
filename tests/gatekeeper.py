# SPDX-License-Identifier: Apache-2.0
"""A receiver that may refuse: what it answers depends on the path it is asked at."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE_SECONDS = 30

ANSWERS = {
    "/yes": (200, b""),
    "/no": (409, b'{"reason": "the shop is closed"}'),
    "/broken": (503, b"try later"),
    "/gone": (410, b""),
    "/slow": (204, b""),
}


class Gatekeeper:
    """A context manager; between enter and exit it answers.

    Attributes:
        came: Path and headers of each request, in order; names in lower case.
    """

    def __init__(self):
        self.came = []
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Request)
        self._server.keeper = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path):
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def hold(self):
        """Answer nothing at /slow until `release`; so it is from the start."""
        self._released.clear()

    def release(self):
        """Let what came to /slow be answered, from now on at once."""
        self._released.set()

    def wait_for(self, count, event_id=None, seconds=PATIENCE_SECONDS):
        """Wait until so many requests have come, of one event or all."""
        with self._changed:
            in_time = self._changed.wait_for(
                lambda: len(self.of(event_id)) >= count, seconds
            )
            assert in_time, f"{len(self.of(event_id))} came"

    def of(self, event_id=None):
        """Return the headers of each request for an event, or all."""
        every = [headers for _, headers in self.came]
        return [one for one in every if event_id in (None, one["ce-id"])]

    def answer(self, path, headers):
        """Return status and body of the answer to one request."""
        with self._changed:
            self.came.append((path, headers))
            self._changed.notify_all()
        if path == "/slow":
            self._released.wait(PATIENCE_SECONDS)
        return ANSWERS[path]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    keeper: Gatekeeper


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, body = self.server.keeper.answer(self.path, headers)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""

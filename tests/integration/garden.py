# SPDX-License-Identifier: Apache-2.0
"""Secrets that were planted, all that was said since, and a receiver that echoes."""

import base64
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.browsing import Browser

PLAIN_PATHS = ("/", "/listeners", "/deliveries", "/dead", "/events", "/explain")


def word(name):
    return f"planted-{name}-{os.urandom(6).hex()}"


@dataclass
class Garden:
    """What was planted, and all that was said.

    Attributes:
        planted: Name to secret.
        said: Place to what was found there.
    """

    planted: dict = field(default_factory=dict)
    said: dict = field(default_factory=dict)

    def plant(self, name, text=None):
        self.planted[name] = word(name) if text is None else text
        return self.planted[name]

    def hear(self, place, text):
        raw = text.encode() if isinstance(text, str) else text
        self.said[place] = self.said.get(place, b"") + raw

    def found(self):
        """Return every place and the name of what should not be there."""
        return [
            (place, name)
            for name, text in self.planted.items()
            for place, said in self.said.items()
            if any(form in said for form in forms(text))
        ]


def look_at_pages(garden, bridge, token, client):
    """See all that a browser shows."""
    browser = Browser(bridge.url)
    browser.post("/sign-in", of="/sign-in", token=token)
    ids = [one["id"] for one in client.listeners.find()]
    paths = [*PLAIN_PATHS, "/listeners/new", "/executions/e1"]
    paths += [f"/listeners/{one}{more}" for one in ids for more in ("", "/edit")]
    for one in client.deliveries.find():
        paths += [f"/deliveries/{one['id']}", f"/events/{one['event_id']}"]
    query = garden.planted["url-query"].encode()
    for path in paths:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        garden.hear(f"page {path}", answer.content.replace(query, b"(its URL)"))


def forms(text):
    yield text.encode()
    yield base64.b64encode(text.encode()).rstrip(b"=")
    yield text.encode().hex().encode()
    yield json.dumps(text)[1:-1].encode()


class Echo(BaseHTTPRequestHandler):
    """Answers with all that was sent; fails, so that it is tried again."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        told = json.dumps(dict(self.headers)).encode()
        self.send_response(500)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def echoing():
    """The URL of a receiver that echoes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()

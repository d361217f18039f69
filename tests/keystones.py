# SPDX-License-Identifier: Apache-2.0
"""A small Keystone: what its API says of tokens, to a service that asks as one of its users.

It speaks what keystonemiddleware asks of version 3: which versions there are, a token for
the service itself, and whether a token is good.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERVICE = {"user": "workflow-bridge", "password": "of-the-service"}
DOMAIN = {"id": "default", "name": "Default"}
LATER = "2099-01-01T00:00:00.000000Z"
TOKENS = "/v3/auth/tokens"


class Keystone:
    """A context manager; listens on `url` in between.

    Attributes:
        tokens: Text to what is said of it; to be filled by a test.
        asked: How often a token was shown.
        is_away: Answers 503 to whatever is asked.
    """

    def __init__(self):
        self.tokens = {}
        self.asked = 0
        self.is_away = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.keystone = self
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def give(self, text, *roles, project=None, system=False):
        """Let a token be good, in a project or in the whole of the cloud."""
        scope = {"system": {"all": True}} if system else {}
        if project is not None:
            scope = {"project": {"id": project, "name": "people", "domain": DOMAIN}}
        self.tokens[text] = self.token("somebody", roles, scope)

    def token(self, user, roles, scope):
        """Return what is said of a user's token."""
        endpoints = [
            {"id": kind, "interface": kind, "url": f"{self.url}/v3", "region": "here"}
            for kind in ("public", "internal", "admin")
        ]
        catalog = [{"type": "identity", "name": "keystone", "endpoints": endpoints}]
        return {
            "methods": ["password"],
            "user": {"id": f"id-of-{user}", "name": user, "domain": DOMAIN},
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": LATER,
            "audit_ids": ["audit"],
            "roles": [{"id": f"id-of-{role}", "name": role} for role in roles],
            "catalog": catalog,
            **scope,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def keystone(self):
        return self.server.keystone

    def do_GET(self):
        if self.keystone.is_away:
            self._answer(503, {})
        elif self.path.partition("?")[0] == TOKENS:
            self._say_of_token()
        elif self.path in ("/v3", "/v3/"):
            self._answer(200, {"version": self._version()})
        else:
            self._answer(300, {"versions": {"values": [self._version()]}})

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(size))["auth"]["identity"]
        user = asked["password"]["user"]
        if self.keystone.is_away:
            self._answer(503, {})
        elif (user["name"], user["password"]) == tuple(SERVICE.values()):
            token = self.keystone.token(user["name"], ["service"], {})
            self._answer(201, {"token": token}, "of-the-service")
        else:
            self._answer(401, {"error": {"code": 401, "message": "no"}})

    def _say_of_token(self):
        assert self.headers["X-Auth-Token"] == "of-the-service"
        shown = self.headers["X-Subject-Token"]
        self.keystone.asked += 1
        token = self.keystone.tokens.get(shown)
        if token is None:
            self._answer(404, {"error": {"code": 404, "message": "no"}})
        else:
            self._answer(200, {"token": token}, shown)

    def _version(self):
        link = {"rel": "self", "href": f"{self.keystone.url}/v3/"}
        return {"id": "v3.14", "status": "stable", "links": [link]}

    def _answer(self, status, body, subject=None):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if subject is not None:
            self.send_header("X-Subject-Token", subject)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass

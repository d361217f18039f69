# SPDX-License-Identifier: Apache-2.0
"""The identity service of a cloud, as far as signing in goes, before a real bridge."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

TOKEN = "t0ken"
REGION = "RegionOne"
# Else `openstack` asks for a password.
USER = {
    "OS_USERNAME": "ops",
    "OS_PASSWORD": "s3cr3t",
    "OS_PROJECT_NAME": "acme",
    "OS_USER_DOMAIN_ID": "default",
    "OS_PROJECT_DOMAIN_ID": "default",
}


class Cloud:
    """A context manager; whoever signs in gets `TOKEN` and the catalog.

    Args:
        bridge_url: Where requests for a bridge are passed on to.
        services: Types in the catalog; each leads to `url`.

    Attributes:
        tokens: Of the requests that a bridge was to answer; None: without.
    """

    def __init__(self, bridge_url, *services):
        self.tokens = []
        self._bridge_url = bridge_url
        self._services = services
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Request)
        self._server.cloud = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {**USER, "OS_AUTH_URL": f"{self.url}/identity/v3"}
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def version(self):
        here = [{"rel": "self", "href": f"{self.url}/identity/v3"}]
        return {"version": {"id": "v3.14", "status": "stable", "links": here}}

    def signed_in(self):
        expires = datetime.now(UTC) + timedelta(hours=1)
        domain = {"id": "default", "name": "Default"}
        catalog = [
            {
                "type": service,
                "name": service,
                "endpoints": [
                    {"interface": "public", "region_id": REGION, "url": self.url}
                ],
            }
            for service in self._services
        ]
        token = {
            "methods": ["password"],
            "user": {"id": "u1", "name": "ops", "domain": domain},
            "project": {"id": "p1", "name": "acme", "domain": domain},
            "expires_at": expires.isoformat(),
            "catalog": catalog,
        }
        return {"token": token}

    def ask_bridge(self, path, token):
        self.tokens.append(token)
        return requests.get(self._bridge_url + path, timeout=10).json()


class _Request(BaseHTTPRequestHandler):
    def do_GET(self):
        cloud = self.server.cloud
        if self.path.startswith("/identity"):
            self._answer(200, cloud.version())
        else:
            self._answer(
                200, cloud.ask_bridge(self.path, self.headers.get("X-Auth-Token"))
            )

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, self.server.cloud.signed_in())

    def _answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Subject-Token", TOKEN)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Stay silent."""

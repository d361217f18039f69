# SPDX-License-Identifier: Apache-2.0
"""A private nginx that answers every webhook with 204 and writes down whose it was.

It shares nothing with a system's: own configuration, port and files, 127.0.0.1 only. It
never outlives the process that started it.
"""

import os
import shutil
import subprocess
import tempfile
import time
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Final, Self

from tests.servers.processes import Kept, free_port

START_WITHIN: Final = timedelta(seconds=20)

_HOST: Final = "127.0.0.1"
_POLL_SECONDS: Final = 0.02
_SBIN: Final = Path("/usr/sbin/nginx")  # off the path of those who are not root
_REQUESTS: Final = 2  # "accepts handled requests", in the line of figures
_CONFIGURATION: Final = """
daemon off; pid {home}/pid; error_log {home}/error.log warn;
worker_processes 1; worker_rlimit_nofile 8192; {user}
events {{ worker_connections 4096; }}
http {{
  log_format event $http_ce_id;
  keepalive_timeout 120s; keepalive_requests 1000000000; client_body_buffer_size 64k;
  client_body_temp_path {home}/1; proxy_temp_path {home}/2; fastcgi_temp_path {home}/3;
  uwsgi_temp_path {home}/4; scgi_temp_path {home}/5;
  server {{
    listen {host}:{port} backlog=1024;
    location / {{ access_log {home}/events event buffer=64k flush=100ms; return 204; }}
    location = /status {{ access_log off; stub_status; }}
  }}
}}
"""


class NginxReceiver:
    """Takes webhooks between enter and exit.

    Attributes:
        url: Where to send them.
        version: Such as ``1.22.1``.
    """

    def __init__(self) -> None:
        binary = find_binary()
        if binary is None:
            raise RuntimeError("nginx is not installed")
        self._binary = binary
        self._port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="workflow-notifier-nginx-"))
        self._looked = 0
        self._kept: Kept | None = None
        self.url = f"http://{_HOST}:{self._port}/hook"
        told = subprocess.run(
            [binary, "-v"], capture_output=True, text=True, check=True
        )
        self.version = told.stderr.partition("nginx/")[2].strip()

    def __enter__(self) -> Self:
        user = "user root;" if os.geteuid() == 0 else ""
        text = _CONFIGURATION.format(
            home=self._home, host=_HOST, port=self._port, user=user
        )
        file = self._home / "nginx.conf"
        file.write_text(text)
        log = self._home / "output.log"
        command = (self._binary, "-p", self._home, "-e", log, "-c", file)
        self._kept = Kept(command, env=dict(os.environ), log=log)
        deadline = time.monotonic() + START_WITHIN.total_seconds()
        while not self._answers():
            if time.monotonic() > deadline or not self._kept.runs:
                said = log.read_text(errors="replace")
                self.__exit__()
                raise RuntimeError(f"nginx did not start:\n{said}")
            time.sleep(_POLL_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The master's."""
        return int((self._home / "pid").read_text())

    def count(self) -> int:
        """Return how many webhooks have come so far; costs it next to nothing."""
        connection = HTTPConnection(_HOST, self._port, timeout=10)
        connection.request("GET", "/status")
        figures = connection.getresponse().read().splitlines()[2]
        connection.close()
        self._looked += 1
        return int(figures.split()[_REQUESTS]) - self._looked

    def events(self) -> list[str]:
        """Return the header ``ce-id`` of each webhook that came, in order.

        Complete a tenth of a second after the last one.
        """
        file = self._home / "events"
        return file.read_text().split() if file.exists() else []

    def _answers(self) -> bool:
        try:
            self.count()
        except OSError:
            return False
        return True


def find_binary() -> Path | None:
    """Return where nginx is, or None where it is missing.

    ``NGINX`` names another one; one that is not there stands for a machine without.
    """
    named = os.environ.get("NGINX")
    if named is not None:
        return Path(named) if Path(named).is_file() else None
    if _SBIN.is_file():
        return _SBIN
    found = shutil.which("nginx")
    return None if found is None else Path(found)

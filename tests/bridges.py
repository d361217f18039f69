# SPDX-License-Identifier: Apache-2.0
"""A bridge as an operator runs it: ``bridge serve``, a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from bridge.client import BridgeClient
from bridge.model import State
from bridge.store.database import Database
from tests.prepared import Forked
from tests.served import KEY
from tests.servers.processes import free_port
from tests.stored import Stores

PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.02

# What the settings of whoever runs the tests would change.
_FOREIGN = ("AMQP_URL", "DATABASE_URL", "NOTIFIER_", "OS_", "XDG_")


def is_ready(url):
    """Tell whether the bridge there takes events in."""
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):  # it still starts
        return False


def wait_until_ready(url):
    """Wait for it; until then, nothing need be bound to the exchange."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_ready(url):
        assert time.monotonic() < deadline
        time.sleep(LOOK_SECONDS)


@contextmanager
def side_by_side(count, home, amqp_url, database_url, **environment):
    """Start so many bridges at once on one queue and one database; they are ready.

    Args:
        count: How many.
        home: Folder for theirs.
        amqp_url: Of the bus.
        database_url: Of a database that several processes can share.
        **environment: Settings, by their names in the environment.
    """
    with ExitStack() as stack:
        bridges = []
        for number in range(count):
            own = home / str(number)
            own.mkdir()
            bridge = BridgeProcess(
                own,
                amqp_url,
                DATABASE_URL=database_url,
                OS_SECRETS__KEY=KEY,
                OS_LOG__LEVEL="WARNING",
                **environment,
            )
            bridge.launch()
            stack.callback(bridge.__exit__)
            bridges.append(bridge)
        for bridge in bridges:
            bridge.wait_until_ready()
        yield bridges


class BridgeProcess:
    """A context manager; whatever still runs at its end is killed.

    Args:
        home: Folder for its data; a second process on it goes on where the first ended.
        amqp_url: None: the bus in its process.
        options: Of ``serve``, beside the port.
        stdin: What it reads from; None: nothing.
        program: A module that takes the arguments of ``bridge``; None: that, forked.
        **environment: Settings, by their names in the environment.
    """

    def __init__(
        self,
        home,
        amqp_url=None,
        *,
        options=(),
        stdin=None,
        program=None,
        **environment,
    ):
        self._home = home
        self._program = program
        self._options = options
        self._stdin = stdin
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        self._environment = {
            **kept,
            "HOME": str(home),
            **({} if amqp_url is None else {"AMQP_URL": amqp_url}),
            **environment,
        }
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.runs:
            self.kill()

    @property
    def home(self):
        """Folder for its data."""
        return self._home

    @property
    def pid(self):
        """Of the process that was started last."""
        return self._process.pid

    @property
    def said(self):
        """All that it has written so far, before its latest start too."""
        return self._log.read_text()

    @property
    def runs(self):
        """Whether it has not ended."""
        return self._process.poll() is None

    def start(self):
        """Start it and return once it is ready."""
        self.launch()
        self.wait_until_ready()

    def launch(self):
        """Start it; see `wait_until_ready`."""
        arguments = ("serve", "--port", str(self._port), *self._options)
        with self._log.open("a") as log:
            self._process = self._begin(arguments, log)

    def _begin(self, arguments, log):
        if self._program is None and self._stdin is None:
            with Path(os.devnull).open() as nothing:
                return Forked(
                    arguments,
                    environment=self._environment,
                    stdin=nothing,
                    output=log,
                )
        program = "bridge" if self._program is None else self._program
        return subprocess.Popen(
            (sys.executable, "-m", program, *arguments),
            env=self._environment,
            stdin=subprocess.DEVNULL if self._stdin is None else self._stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def wait_until_ready(self, seconds=PATIENCE_SECONDS):
        """Wait until it takes events in."""
        self.wait_until(self.is_ready, seconds)

    def is_ready(self):
        return is_ready(self.url)

    def wait_until(self, look, seconds=PATIENCE_SECONDS):
        """Look again and again until it is so."""
        deadline = time.monotonic() + seconds
        while not look():
            assert self.runs, f"it ended:\n{self.said}"
            assert time.monotonic() < deadline, f"it never came true:\n{self.said}"
            time.sleep(LOOK_SECONDS)

    def kill(self):
        """End it with SIGKILL, as a crash would."""
        process = self._process  # whoever starts it again may be quicker
        process.kill()
        process.wait()

    def terminate(self):
        """Ask it to end, as systemd would."""
        self._process.send_signal(signal.SIGTERM)

    def reload(self):
        """Ask it to load its settings again."""
        self._process.send_signal(signal.SIGHUP)

    def end(self):
        """Wait for its end and return the exit status."""
        return self._process.wait(PATIENCE_SECONDS)

    def add_listener(self, url, *, timeout_seconds=15, callback=None, **members):
        """Register a webhook for all events of tasks.

        Args:
            url: Where to.
            timeout_seconds: Of one attempt.
            callback: What else is said of how it is told.
            **members: Of the listener.
        """
        with BridgeClient(self.url) as client:
            told = {"url": url, "timeout_seconds": timeout_seconds}
            callback = told | ({} if callback is None else callback)
            return client.listeners.add(
                {"events": ["TASK"], "callback": callback, **members}
            )

    def quarantine(self):
        """Return what was set aside, with its bodies, the latest first."""
        with BridgeClient(self.url) as client:
            found = client.quarantine.find()
            return [client.quarantine.get(one["id"]) for one in found]

    def states(self):
        """Return event id to state of its delivery, as they are recorded."""
        path = self._home / ".local/share/workflow-notifier/bridge.sqlite3"
        url = self._environment.get("DATABASE_URL", f"sqlite:///{path}")
        with Database(url) as database:
            found = Stores(database).deliveries.find(limit=100_000)
        return {one.event_id: one.state for one in found}

    def wait_until_delivered(self, event_ids):
        """Wait until it has recorded a delivery of each of these events, and no other."""
        everything = dict.fromkeys(event_ids, State.DELIVERED)
        self.wait_until(lambda: self.states() == everything)

    def metric(self, name):
        """Return a metric, summed up over its labels."""
        lines = requests.get(f"{self.url}/metrics", timeout=5).text.splitlines()
        mine = (line for line in lines if re.match(rf"{name}[ {{]", line))
        return sum(float(line.rpartition(" ")[2]) for line in mine)

    @property
    def _log(self):
        return self._home / "bridge.log"

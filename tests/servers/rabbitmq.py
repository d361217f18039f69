# SPDX-License-Identifier: Apache-2.0
"""A private RabbitMQ node, from what is installed.

It shares nothing with a system's broker or another node: own name, ports, epmd, cookie
and data. It listens on 127.0.0.1 only, needs no root, and never outlives the process
that started it.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

import amqp

from tests.servers.management import Management
from tests.servers.processes import Kept, free_port, has_ended, is_stopped

START_WITHIN: Final = timedelta(seconds=60)
STOP_WITHIN: Final = timedelta(seconds=15)
MANAGEMENT: Final = "rabbitmq_management"

_HOST: Final = "127.0.0.1"
_SCHEDULERS: Final = "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}"
_OURS: Final = "guest"
_LOG_LINES_SHOWN: Final = 50
_POLL_SECONDS: Final = 0.05


class NotInstalled(Exception):
    """RabbitMQ is not installed; as root: python -m tests.servers.install"""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class RabbitNode:
    """One node; its data stays over `kill` and `restart`, and goes with `stop`.

    A quorum queue declared less than about a second before `kill` is lost (RabbitMQ
    3.10.8): declare, do something else, then kill.

    Example::

        with RabbitNode() as node:
            connection = kombu.Connection(node.url)

    Args:
        plugins: Without the management plugin there is no `vhost`, but the start is
            quicker.
        settings: Further lines of ``rabbitmq.conf``.
    """

    def __init__(
        self, *, plugins: Sequence[str] = (MANAGEMENT,), settings: Sequence[str] = ()
    ) -> None:
        sbin = find_sbin()
        if sbin is None:
            raise NotInstalled
        self._sbin = sbin
        self.port = free_port()
        management_port = free_port()
        self.management = Management(f"http://{_HOST}:{management_port}", _OURS, _OURS)
        self._epmd_port = free_port()
        self._name = f"private{self.port}@localhost"
        self._home = Path(tempfile.mkdtemp(prefix="workflow-notifier-rabbitmq-"))
        self._env = self._environment()
        self._epmd: Kept | None = None
        self._server: Kept | None = None
        self.version = ""
        """As the running broker says it, such as ``3.10.8``."""
        lines = [f"listeners.tcp.default = {_HOST}:{self.port}", *settings]
        if MANAGEMENT in plugins:
            lines.append(f"management.tcp.ip = {_HOST}")
            lines.append(f"management.tcp.port = {management_port}")
        (self._home / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self._home / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """AMQP URL of the default virtual host."""
        return f"amqp://{_OURS}:{_OURS}@{_HOST}:{self.port}/"

    @property
    def pid(self) -> int | None:
        """The Erlang VM's; None while it does not run."""
        try:
            return int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def start(self) -> None:
        """Start the node; return when it takes AMQP connections (4-6 s)."""
        if self._epmd is None:
            command = ("epmd", "-port", str(self._epmd_port), "-address", _HOST)
            self._epmd = Kept(command, env=self._env, log=self._log)
            # else the node would start one of its own, which nobody ends
            self._wait_until(self._epmd_listens, self._epmd)
        server = (str(self._sbin / "rabbitmq-server"),)
        self._server = Kept(server, env=self._env, log=self._log)
        self._wait_until(self._answers, self._server)

    def kill(self) -> None:
        """Kill the node with SIGKILL, as a power cut would; return when it is gone."""
        if self._server is None:
            return
        pid = self.pid
        self._server.kill()
        self._server = None
        if pid is not None:
            has_ended(pid, STOP_WITHIN)
        self._pid_file.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let the node hang: its connections stay open, nothing answers."""
        pid = self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + STOP_WITHIN.total_seconds()
        while not is_stopped(pid) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def thaw(self) -> None:
        """End `freeze`."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop the node in an orderly way and start it with the same data (12 s)."""
        pid = self._signal(signal.SIGTERM)
        has_ended(pid, STOP_WITHIN)
        self.kill()
        self.start()

    def reset(self) -> None:
        """Undo what was done to it: it runs, nothing is in ``/``, nobody but us may come."""
        if self.pid is None:
            self.start()
        self.thaw()
        self.drop_vhost("/")
        self.vhost("/")
        for user in self.management.get("/api/users"):
            if user["name"] != _OURS:
                self.management.drop_user(user["name"])

    def stop(self) -> None:
        """End the node and delete its data; there is nothing to save, so by `kill`."""
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd = None
        shutil.rmtree(self._home, ignore_errors=True)

    def ctl(self, *args: str) -> str:
        """Run ``rabbitmqctl`` against the node (1-2 s) and return what it prints."""
        done = subprocess.run(
            [self._sbin / "rabbitmqctl", "-q", "-n", self._name, *args],
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_WITHIN.total_seconds(),
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(args)}: {done.stderr}")
        return done.stdout

    def ctl_script(self) -> str:
        """Return a script of sh that is ``rabbitmqctl`` for this node."""
        settings = shlex.join(f"{name}={value}" for name, value in self._env.items())
        command = shlex.join([str(self._sbin / "rabbitmqctl"), "-n", self._name])
        return f'exec env -i {settings} {command} "$@"'

    def vhost(self, name: str) -> str:
        """Create a virtual host and return its AMQP URL."""
        self.management.add_vhost(name)
        return self.url + name

    def drop_vhost(self, name: str) -> None:
        """Delete a virtual host with all that is in it."""
        self.management.drop_vhost(name)

    @property
    def _log(self) -> Path:
        return self._home / "output.log"

    @property
    def _pid_file(self) -> Path:
        return self._home / "pid"

    def _signal(self, number: signal.Signals) -> int:
        pid = self.pid
        if pid is None:
            raise RuntimeError(f"{self._name} does not run")
        os.kill(pid, number)
        return pid

    def _wait_until(self, is_ready: Callable[[], bool], kept: Kept) -> None:
        deadline = time.monotonic() + START_WITHIN.total_seconds()
        while not is_ready():
            if time.monotonic() > deadline or not kept.runs:
                said = self._log.read_text(errors="replace").splitlines()
                self.stop()
                log = "\n".join(said[-_LOG_LINES_SHOWN:])
                raise RuntimeError(f"RabbitMQ did not start:\n{log}")
            time.sleep(_POLL_SECONDS)

    def _epmd_listens(self) -> bool:
        try:
            socket.create_connection((_HOST, self._epmd_port), timeout=1).close()
        except OSError:
            return False
        return True

    def _answers(self) -> bool:
        connection = amqp.Connection(
            f"{_HOST}:{self.port}", userid="guest", password="guest", connect_timeout=5
        )
        try:
            connection.connect()
        except (OSError, amqp.AMQPError):
            return False
        self.version = str(connection.server_properties["version"])
        connection.close()
        return True

    def _environment(self) -> dict[str, str]:
        foreign = ("RABBITMQ_", "ERL_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        return {
            **kept,
            "HOME": str(self._home),  # Erlang keeps its cookie there
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": _HOST,
            "ERL_CRASH_DUMP": str(self._home / "erl_crash.dump"),
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_PID_FILE": str(self._pid_file),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self._home / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self._home / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._home / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self._home / "generated"),
            "RABBITMQ_MNESIA_BASE": str(self._home / "data"),
            "RABBITMQ_LOG_BASE": str(self._home / "log"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _SCHEDULERS,
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }


def find_sbin() -> Path | None:
    """Return the folder of RabbitMQ's own scripts, or None where it is missing.

    Debian's ``rabbitmq-server`` on the path insists on root and a user of its own; the
    scripts that it wraps do not. ``RABBITMQ_SBIN`` names another folder; one that is not
    there stands for a machine without RabbitMQ.
    """
    named = os.environ.get("RABBITMQ_SBIN")
    if named is not None:
        return Path(named) if Path(named, "rabbitmq-server").is_file() else None
    installed = Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin")
    for sbin in sorted(installed, reverse=True):
        return sbin
    found = shutil.which("rabbitmq-server")
    return None if found is None else Path(found).resolve().parent

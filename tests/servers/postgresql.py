# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL cluster, from what is installed.

It shares nothing with a system's cluster: own port, own data, no Unix socket. It listens
on 127.0.0.1 only, lets everybody in, and never outlives the process that started it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import psycopg
from psycopg import sql

from tests.servers.processes import Kept, free_port, has_ended

START_WITHIN: Final = timedelta(seconds=60)
STOP_WITHIN: Final = timedelta(seconds=15)
USER: Final = "bridge"
"""Superuser of the cluster; has no password."""

_HOST: Final = "127.0.0.1"
_LOG_LINES_SHOWN: Final = 50
_POLL_SECONDS: Final = 0.05
_SETTINGS: Final = {
    "listen_addresses": _HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    # shared memory of a killed cluster would stay on the machine for ever
    "dynamic_shared_memory_type": "mmap",
}


class NotInstalled(Exception):
    """PostgreSQL is not installed; as root: python -m tests.servers.install"""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class PostgresCluster:
    """One cluster; its data stays over `kill` and `restart`, and goes with `stop`.

    PostgreSQL refuses to run as root: then it runs as ``postgres``, else ``nobody``.

    Example::

        with PostgresCluster() as cluster:
            connection = psycopg.connect(cluster.database("mine"))

    Args:
        fsync: Off, it is quicker; `kill` loses nothing all the same, as the system
            lives on.
        folder: Where all its files are. Default: that of temporary files.
        settings: Further lines of ``postgresql.conf``.
    """

    def __init__(
        self, *, fsync: bool = True, folder: Path | None = None, **settings: str
    ) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise NotInstalled
        self._binaries = binaries
        self.port = free_port()
        self._user = _other_user() if os.geteuid() == 0 else None
        self._home = Path(
            tempfile.mkdtemp(prefix="workflow-notifier-postgresql-", dir=folder)
        )
        if self._user is not None:
            shutil.chown(self._home, self._user)
        self._settings = {
            **_SETTINGS,
            "port": str(self.port),
            "fsync": "on" if fsync else "off",
            **settings,
        }
        self._server: Kept | None = None
        self.version = ""
        """As the running server says it, such as ``15.18``."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """URL of the database that every cluster has."""
        return self._url("postgres")

    @property
    def pid(self) -> int | None:
        """The postmaster's; None while it does not run."""
        try:
            return int(self._pid_file.read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def start(self) -> None:
        """Start the server; return when it answers (2 s the first time, then 0.3 s)."""
        if not self._data.exists():
            self._initialize()
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        command = (self._binaries / "postgres", "-D", self._data, *options)
        self._server = Kept(
            command, env=dict(os.environ), log=self._log, user=self._user
        )
        deadline = time.monotonic() + START_WITHIN.total_seconds()
        while not self._answers():
            if time.monotonic() > deadline or not self._server.runs:
                said = self._log.read_text(errors="replace").splitlines()
                self.stop()
                log = "\n".join(said[-_LOG_LINES_SHOWN:])
                raise RuntimeError(f"PostgreSQL did not start:\n{log}")
            time.sleep(_POLL_SECONDS)

    def kill(self) -> None:
        """Kill all its processes with SIGKILL; return when they are gone."""
        processes = self._signal(signal.SIGSTOP)  # else new ones would be born
        for process in processes:
            os.kill(process, signal.SIGKILL)
        if self._server is not None:
            self._server.kill()
            self._server = None
        for process in processes:
            has_ended(process, STOP_WITHIN)
        self._pid_file.unlink(missing_ok=True)

    def halt(self) -> None:
        """Stop the server in an orderly way; `start` goes on with the same data."""
        self._end(signal.SIGINT)

    def limit_files(self, size: int) -> None:
        """Let none of its files grow beyond so many bytes, until it is started again.

        To PostgreSQL, that is a full disk.
        """
        pid = self.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in (str(pid), *children):
            subprocess.run(
                ["prlimit", f"--fsize={size}", "--pid", process],
                **self._as_user(),
                check=False,  # one may have ended meanwhile
            )

    def freeze(self) -> None:
        """Let the server hang: its connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """End `freeze`."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop the server in an orderly way and start it with the same data."""
        self.halt()
        self.start()

    def stop(self) -> None:
        """End the server and delete its data; there is nothing to save."""
        self._signal(signal.SIGCONT)
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._home, ignore_errors=True)

    def command(self, name: str) -> Path:
        """Return where a command of PostgreSQL's is, such as ``psql``."""
        return self._binaries / name

    def database(self, name: str, *, like: str = "template1") -> str:
        """Create a database, a copy of another that nobody uses; return its URL."""
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        names = map(sql.Identifier, (name, like))
        with self._administered() as connection:
            connection.execute(create.format(*names))
        return self._url(name)

    def drop_database(self, name: str) -> None:
        """Delete a database, whoever is connected to it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self._administered() as connection:
            connection.execute(drop.format(sql.Identifier(name)))

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _log(self) -> Path:
        return self._home / "output.log"

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}@{_HOST}:{self.port}/{database}"

    @contextmanager
    def _administered(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection

    def _initialize(self) -> None:
        initdb = [self._binaries / "initdb", "-D", self._data, "-U", USER]
        done = subprocess.run(
            [*initdb, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self._as_user(),
            check=False,
        )
        if done.returncode != 0:
            shutil.rmtree(self._home, ignore_errors=True)
            raise RuntimeError(f"PostgreSQL could not be set up:\n{done.stdout}")

    def _as_user(self) -> dict[str, Any]:
        """Return what `subprocess` needs to know to run something as the server's user."""
        if self._user is None:
            return {}
        group = pwd.getpwnam(self._user).pw_gid
        return {"user": self._user, "group": group, "extra_groups": ()}

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=5) as connection:
                said = connection.info.parameter_status("server_version") or ""
        except psycopg.OperationalError:
            return False
        self.version = said.partition(" ")[0]
        return True

    def _signal(self, number: signal.Signals) -> list[int]:
        """Send a signal to the postmaster, then to its children; return their pids."""
        pid = self.pid
        if pid is None or has_ended(pid, timedelta()):
            return []
        os.kill(pid, number)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(int(child), number)
        return [pid, *map(int, children)]

    def _end(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None and not has_ended(pid, timedelta()):
            os.kill(pid, number)
            has_ended(pid, STOP_WITHIN)
        self.kill()


def find_binaries() -> Path | None:
    """Return the folder of ``initdb`` and ``postgres``, or None where they are missing.

    Debian keeps them off the path. ``POSTGRES_BIN`` names another folder; one that is
    not there stands for a machine without PostgreSQL.
    """
    named = os.environ.get("POSTGRES_BIN")
    if named is not None:
        return Path(named) if Path(named, "initdb").is_file() else None
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    for initdb in sorted(installed, key=_release, reverse=True):
        if initdb.with_name("postgres").is_file():
            return initdb.parent
    found = shutil.which("initdb")
    return None if found is None else Path(found).resolve().parent


def _release(initdb: Path) -> int:
    name = initdb.parents[1].name
    return int(name) if name.isdecimal() else 0


def _other_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no other user")

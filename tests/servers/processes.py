# SPDX-License-Identifier: Apache-2.0
"""Starts and ends the processes of servers, by pid, so that none outlives the run."""

import os
import random
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

# Below Linux's range for outgoing connections: no client socket can take a server's
# port while the server is down.
_PORTS: Final = range(20000, 32000)
_given: set[int] = set()


class Kept:
    """A command and all that it starts; killed at the latest when this process dies.

    Args:
        command: Led by the program.
        env: All of its environment.
        log: Gets what it says.
        user: Whom it runs as; only root may name one.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path,
        user: str | None = None,
    ) -> None:
        keeper = Path(__file__).with_name("keeper.py")
        with log.open("ab") as output:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", keeper, user or "", *command],
                env=env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # a Ctrl-C in the terminal is for the tests, not for their servers
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether the command still runs."""
        return self._keeper.poll() is None

    def kill(self) -> None:
        """Kill the whole group with SIGKILL and wait for its leader."""
        if self.runs:
            os.killpg(self._keeper.pid, signal.SIGKILL)
        self._keeper.communicate()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, never the same one twice."""
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError(f"no free port in {_PORTS}")


def is_stopped(pid: int) -> bool:
    """Tell whether every thread of a process has stopped; SIGSTOP takes a moment."""
    stats = (task / "stat" for task in Path(f"/proc/{pid}/task").iterdir())
    return all(stat.read_text().rpartition(") ")[2].startswith("T") for stat in stats)


def has_ended(pid: int, within: timedelta) -> bool:
    """Wait until a process has ended; tell whether it did in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([handle], [], [], within.total_seconds())
    finally:
        os.close(handle)
    return bool(ready)

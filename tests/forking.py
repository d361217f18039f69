# SPDX-License-Identifier: Apache-2.0
"""The process that bridges of the tests are forked from; see `tests.prepared`."""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

from bridge.cli import main as run_bridge

# What a bridge imports on its way, some of it not before it is needed.
IMPORTED = (
    *("bridge.service", "bridge.cli.serve", "uvicorn.lifespan.on"),
    "anyio._backends._asyncio",
    *("uvicorn.protocols.http.httptools_impl", "kombu.transport.pyamqp"),
    *("alembic.command", "sqlalchemy.dialects.postgresql.psycopg", "psycopg"),
)
SOME_BYTES = 64 * 1024


def main(address):
    """Fork for whoever connects, until the input ends; return in each child too."""
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # no child has to look through all that
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the input ends then
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(sys.stdout.fileno(), b"ready\n")
        while True:
            readable, _, _ = select.select([listening, sys.stdin], [], [])
            if sys.stdin in readable:
                Path(address).unlink()
                Path(address).parent.rmdir()
                return
            line, _ = listening.accept()
            if not os.fork():
                break
            line.close()
    keep(line)


def keep(line):
    """Fork a bridge, and tell how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, files, _, _ = socket.recv_fds(line, SOME_BYTES, 2)
    while not asked.endswith(b"\n"):
        asked += line.recv(SOME_BYTES)
    pid = os.fork()
    if not pid:
        line.close()
        run(json.loads(asked), *files)
    for file in files:
        os.close(file)
    line.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def run(asked, stdin, output):
    """Be a bridge from here on; raises SystemExit, as any command does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for file, number in ((stdin, 0), (output, 1), (output, 2)):
        os.dup2(file, number)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    run_bridge(asked["arguments"], prog_name="python -m bridge")


if __name__ == "__main__":
    main(*sys.argv[1:])

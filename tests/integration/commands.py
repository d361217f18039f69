# SPDX-License-Identifier: Apache-2.0
"""The commands as a user runs them: `notifier`, `notifier-bridge`, `openstack`."""

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from click.testing import CliRunner

from bridge.cli import main

NOTIFIER = Path(sys.executable).with_name("notifier")
NOTIFIER_BRIDGE = NOTIFIER.with_name("notifier-bridge")
OPENSTACK = NOTIFIER.with_name("openstack")
PATIENCE_SECONDS = 30


def notifier(*args, stdin="", **env):
    """Run `notifier` to its end."""
    return _run(NOTIFIER, *args, stdin=stdin, env=env)


def notifier_bridge(*args, **env):
    """Run `notifier-bridge` to its end."""
    return _run(NOTIFIER_BRIDGE, *args, stdin="", env=env)


def openstack(*args, **env):
    """Run `openstack` to its end."""
    return _run(OPENSTACK, *args, stdin="", env=env)


def bridge_command(*args, **env):
    """Run `notifier-bridge` to its end in this process, which is ten times quicker."""
    done = CliRunner().invoke(main, args, env=env, catch_exceptions=False)
    return subprocess.CompletedProcess(args, done.exit_code, done.stdout, done.stderr)


def _run(*command, stdin, env):
    return subprocess.run(
        command,
        env=_environment(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


class Running:
    """A command that goes on; killed at the end of the context."""

    def __init__(self, *args, command=NOTIFIER, **env):
        self._process = subprocess.Popen(
            [command, *args],
            env=_environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._out = _follow(self._process.stdout)
        self._err = _follow(self._process.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        for pipe in (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        ):
            pipe.close()

    def type(self, text):
        """Write to its standard input."""
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def line(self):
        """Return the next line of its standard output."""
        return self._out.get(timeout=PATIENCE_SECONDS)

    def note(self):
        """Return the next line of its standard error."""
        return self._err.get(timeout=PATIENCE_SECONDS)

    def terminate(self):
        """Send SIGTERM and return the exit status."""
        self._process.terminate()
        return self.end()

    def interrupt(self):
        """Press Ctrl-C and return the exit status."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self):
        """Wait for its end and return the exit status."""
        return self._process.wait(PATIENCE_SECONDS)


def _environment(more):
    ours = ("AMQP_URL", "BRIDGE_URL", "DATABASE_URL", "NOTIFIER_", "OS_", "XDG_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    # no settings of whoever runs the tests
    return {**kept, "HOME": "/nonexistent", "COLUMNS": "80", **more}


def _follow(stream):
    lines = queue.Queue()

    def read():
        for line in stream:
            lines.put(line.rstrip("\n"))

    threading.Thread(target=read, daemon=True).start()
    return lines

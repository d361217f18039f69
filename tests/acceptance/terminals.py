# SPDX-License-Identifier: Apache-2.0
"""The terminals of a person at a machine: what is typed, run by a real shell."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

PATIENCE_SECONDS = 30

# What the person's own settings would change.
_FOREIGN = ("AMQP_URL", "BRIDGE_URL", "DATABASE_URL", "NOTIFIER_", "OS_", "XDG_")


class Terminals:
    """As many terminals as wanted; what still runs at the end is killed.

    Args:
        home: The person's home, empty at first; also where they are.
        commands: Folder of the commands that are there beside the system's.
        environment: Set beside what every person has.
    """

    def __init__(self, home, commands, **environment):
        self.home = home
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        self.environment = {
            **kept,
            "HOME": str(home),
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self._open = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self._open.values():
            program.kill()

    def run(self, script, stdin="", seconds=PATIENCE_SECONDS):
        """Type this, and return what is shown; everything must end well."""
        done = self.attempt(script, stdin, seconds)
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    def attempt(self, script, stdin="", seconds=PATIENCE_SECONDS):
        """Type this; return exit status and what is shown, errors included."""
        return subprocess.run(
            ["bash", "-euc", script],
            cwd=self.home,
            env=self.environment,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self, name, script):
        """Type into a terminal what goes on; Ctrl-C first if something still does."""
        if name in self._open:
            self.interrupt(name)
        self._open[name] = Program(script, self.home, self.environment)
        return self._open[name]

    def __getitem__(self, name):
        return self._open[name]

    def interrupt(self, name):
        """Press Ctrl-C in a terminal; return the exit status and what was shown."""
        program = self._open.pop(name)
        return program.interrupt(), program.shown


class Program:
    """A program that goes on, and what it has shown so far."""

    def __init__(self, script, home: Path, environment):
        self.shown = ""
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            ["bash", "-euc", f"exec {script}"],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, is_right, seconds=PATIENCE_SECONDS):
        """Wait until what is shown is right, and return it.

        Args:
            is_right: Told all that is shown; or a text that must be in it.
            seconds: The longest wait.
        """
        if isinstance(is_right, str):
            text, is_right = is_right, lambda shown: text in shown
        with self._changed:
            in_time = self._changed.wait_for(lambda: is_right(self.shown), seconds)
            assert in_time, f"never came, but:\n{self.shown}"
            return self.shown

    def interrupt(self):
        """Press Ctrl-C; return the exit status."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self):
        """Wait for the end; return the exit status."""
        status = self._process.wait(PATIENCE_SECONDS)
        self._reader.join()
        self._process.stdout.close()
        return status

    def kill(self):
        """End it at once."""
        self._process.kill()
        self.end()

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self.shown += line
                self._changed.notify_all()


def until(ask, is_right, seconds=PATIENCE_SECONDS):
    """Ask again and again until the answer is right, and return it."""
    deadline = time.monotonic() + seconds
    while not is_right(answer := ask()):
        assert time.monotonic() < deadline, f"never came, but: {answer}"
        threading.Event().wait(0.05)  # nobody tells when to ask again
    return answer

# SPDX-License-Identifier: Apache-2.0
"""The command `notifier` on a terminal, and before a broker is asked."""

import contextlib
import os
import pty
import signal
import subprocess
from importlib.metadata import version

import pytest

from bridge.store.schema import head
from tests.integration.commands import (
    NOTIFIER,
    NOTIFIER_BRIDGE,
    PATIENCE_SECONDS,
    notifier,
)

GOOD = '{"type": "execution.started", "data": {"execution": {"id": "e1"}}}\n'


def on_a_terminal(*args, stdin, command=NOTIFIER, **env):
    """Run the command; return its standard output and what its terminal showed."""
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        with os.fdopen(end, "wb", buffering=0) as stderr:
            done = subprocess.run(
                [command, *args],
                env={**os.environ, "TERM": "xterm", **env},
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        shown = b""
        with contextlib.suppress(OSError):  # how Linux ends a terminal
            while part := screen.read(4096):
                shown += part
    return done.stdout, shown.decode()


def interrupted_on_a_terminal(*args, once, before=None, command=NOTIFIER_BRIDGE, **env):
    """Run a command on a terminal, press Ctrl-C once it shows a text.

    Return all that it showed, and its exit status. `before` is another text, and what
    is done once that is shown.
    """
    terminal, end = pty.openpty()
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        with os.fdopen(end, "wb", buffering=0) as all_of_it:
            process = subprocess.Popen(
                [command, *args],
                env={**os.environ, "TERM": "xterm", **env},
                stdin=subprocess.DEVNULL,
                stdout=all_of_it,
                stderr=all_of_it,
            )
        with contextlib.suppress(OSError):  # how Linux ends a terminal
            is_interrupted = False
            while part := screen.read(4096):
                shown += part
                if before is not None and before[0].encode() in shown:
                    before[1]()
                    before = None
                if once.encode() in shown and not is_interrupted:
                    process.send_signal(signal.SIGINT)
                    is_interrupted = True
    return shown.decode(), process.wait(PATIENCE_SECONDS)


def test_a_terminal_shows_how_far_it_is(amqp_url):
    out, shown = on_a_terminal("publish", "-", stdin=GOOD * 3, AMQP_URL=amqp_url)

    assert out == "published 3, failed 0\n"
    assert "3 events published" in shown


def test_a_wrong_line_is_shown_above_the_bar(amqp_url):
    _, shown = on_a_terminal("publish", "-", stdin=f"{GOOD}[bold]\n", AMQP_URL=amqp_url)

    assert "line 2: body: is not JSON" in shown
    assert "1 events published" in shown


def test_a_files_length_is_the_bars_length(amqp_url, tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text(GOOD * 3)

    out, shown = on_a_terminal(
        "publish", "--file", str(file), stdin="", AMQP_URL=amqp_url
    )

    assert out == "published 3, failed 0\n"
    assert "━" in shown


def test_a_terminal_shows_how_far_a_migration_is(tmp_path):
    url = f"sqlite:///{tmp_path}/bridge.sqlite3"
    home = {"command": NOTIFIER_BRIDGE, "DATABASE_URL": url, "HOME": str(tmp_path)}

    first, shown = on_a_terminal("migrate", stdin="", **home)
    again, nothing = on_a_terminal("migrate", stdin="", **home)

    assert f"schema {head()} (was at nothing)" in first
    assert f"{int(head())}/{int(head())}" in shown
    assert f"schema {head()} (is up to date)" in again
    assert nothing == ""


def test_all_commands_are_listed():
    done = notifier("--help")

    assert done.returncode == 0
    for command in ("check", "publish", "tail"):
        assert f"\n  {command} " in done.stdout


def test_the_version_is_told():
    assert notifier("--version").stdout == f"{version('workflow-notifier')}\n"


@pytest.mark.parametrize("args", [("nothing",), ("tail", "--count", "0")])
def test_a_wrong_call_has_exit_status_2(args):
    assert notifier(*args).returncode == 2

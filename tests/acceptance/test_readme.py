# SPDX-License-Identifier: Apache-2.0
"""The tutorial of README.md, typed word by word by somebody with an empty home.

What a block's info says beside its language is for this test: the terminal it is typed
into, or shown in.
"""

import os
import re
import shutil
import socket
import subprocess
import sys

import pytest

from notifier.settings import masked
from tests.acceptance.terminals import Terminals
from tests.pages import ROOT, Page
from tests.servers.processes import free_port

README = Page("README.md")
TUTORIAL = ("Two minutes", "Three more, with an endpoint that fails")
INSTALLED = ("bridge", "notifier", "setup.py", "pyproject.toml", "README.md", "LICENSE")
INSTALL_SECONDS = 300
DELIVERY = re.compile(r"\bdlv_\w+")

# What differs from run to run, and how wide a column is for it.
VOLATILE = (
    (re.compile(r"\b(dlv|lst|whsec)_[\w+/=]+"), r"\1_…"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"^\d\d:\d\d:\d\d ", re.MULTILINE), "TIME "),
    (re.compile(r"(?<![\d.])\d+\.\d{1,3}(?![\d.])"), "MS"),
    (re.compile(r" +"), " "),
)


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Do what the tutorial says of installing, in a copy; return the environment."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in INSTALLED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, checkout / name)
    commands = checkout / "commands"
    commands.mkdir()
    # The interpreter of these tests; the system's own may be too old.
    python3 = commands / "python3"
    python3.write_text(f'#!/bin/sh\nexec "{sys._base_executable}" "$@"\n')
    python3.chmod(0o755)
    done = subprocess.run(
        ["bash", "-euc", README.block("sh install")],
        cwd=checkout,
        env={**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return checkout / ".venv-tutorial"


@pytest.mark.timeout(INSTALL_SECONDS + 60)
def test_the_tutorial_shows_what_it_says(installed, bus_url, tmp_path):
    ports = {port: port_like(port) for port in ("8990", "9000")}
    bridge = f"http://127.0.0.1:{ports['8990']}"
    environment = {
        "OS_API__PORT": ports["8990"], "BRIDGE_URL": bridge, "OS_HTTP__URL": bridge
    }  # fmt: skip
    if bus_url is not None:
        environment["AMQP_URL"] = bus_url

    with Terminals(tmp_path, installed / "bin", **environment) as terminals:
        Reader(terminals, ports, bus_url).follow()


class Reader:
    """Somebody who follows the tutorial: types what it says, compares what it shows."""

    def __init__(self, terminals, ports, bus_url):
        self._terminals = terminals
        self._ports = ports
        self._bus_url = bus_url
        self._shown = ""

    def follow(self):
        blocks = [one for part in TUTORIAL for one in README.blocks(section=part)]
        for block in blocks:
            language, _, where = block.info.partition(" ")
            text = self._at_home(block.text)
            if where in ("install", "rabbitmq"):
                continue
            if language == "text":
                self._compare(where, text)
            elif where.startswith("terminal"):
                self._terminals.start(where, text)
            else:
                if where:
                    self._terminals.interrupt(where.removeprefix("ctrl-c-"))
                self._shown = self._terminals.run(self._with_own_id(text))

    def _compare(self, where, expected):
        """Compare with what is shown there; ``…`` is the rest, whatever it is."""
        right = plain(expected)
        start = right.removesuffix("…\n")
        if not where:
            assert plain(self._shown) == right
            return

        def is_right(shown):
            shown = plain(shown.replace(str(self._terminals.home), "/home/me"))
            return shown.startswith(start) if start != right else shown == right

        self._terminals[where].wait_for(is_right)

    def _at_home(self, text):
        """Return a text with the ports, and the bus, of this run."""
        for port, own in self._ports.items():
            text = text.replace(port, own)
        if self._bus_url is not None:
            in_process, rabbitmq = bus_lines()
            text = text.replace(in_process, rabbitmq)
            text = text.replace(masked(bus_in_page()), masked(self._bus_url))
        return text

    def _with_own_id(self, text):
        latest = DELIVERY.search(self._shown)
        return text if latest is None else DELIVERY.sub(latest.group(), text)


def plain(text):
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text


def bus_in_page():
    """Return the broker's URL in the tutorial."""
    return README.block("sh rabbitmq").strip().partition("=")[2]


def bus_lines():
    """Return what a bridge says of its bus without a broker, and with one."""
    said = README.blocks("text terminal-1")[0].text
    (in_process,) = re.findall(r"^bus: .*$", said, re.MULTILINE)
    return in_process, README.block("text rabbitmq").strip()


def port_like(wanted):
    """Return this port, or another one if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(wanted)))
        except OSError:
            return str(free_port())
    return wanted

# SPDX-License-Identifier: Apache-2.0
"""Who follows docs/how-to/blocking-callbacks.md has an endpoint that may refuse."""

import json
import shlex
import socket

import pytest
import requests

from tests.acceptance.terminals import until
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/blocking-callbacks.md")
PORT = "9000"


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def block(port):
    """Return a block of the page, with a port that is free."""
    return lambda info: PAGE.block(info).replace(PORT, str(port))


@pytest.fixture
def run_python(terminal, block):
    """Run a program of the page and return what it shows."""

    def run_python(info):
        (terminal.home / "program.py").write_text(block(info))
        # of a library that TaskFlow imports where it is installed
        return terminal.run("python -W ignore program.py")

    return run_python


@pytest.fixture
def endpoint(terminal, block, port):
    """Start the page's endpoint."""
    (terminal.home / "endpoint.py").write_text(block("python endpoint"))
    terminal.start("endpoint", "python endpoint.py")
    until(lambda: answers(port), bool)


@pytest.fixture
def registered(terminal, block):
    """Register the page's listener."""
    terminal.run(block("sh register"))


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.usefixtures("endpoint", "registered")
def test_an_engine_is_told_who_refuses_and_why(run_python):
    assert run_python("python engine") == PAGE.block("text engine")


@pytest.mark.usefixtures("registered")
def test_a_task_of_taskflow_does_not_start_without_the_endpoint(run_python):
    assert run_python("python taskflow") == PAGE.block("text taskflow")


@pytest.mark.usefixtures("endpoint", "registered")
def test_a_task_of_taskflow_starts_once_the_endpoint_accepts(run_python):
    assert run_python("python taskflow") == "reserved\ncharged\n"


@pytest.mark.usefixtures("endpoint", "registered")
def test_anybody_may_ask_by_http(bridge, block):
    *_, header, url, _, body = shlex.split(block("sh curl").replace("\\\n", " "))

    answer = requests.post(
        url.replace("http://127.0.0.1:8990", bridge.url),
        data=body,
        headers=dict([header.split(": ")]),
        timeout=10,
    )

    said = answer.json()["verdict"]
    assert answer.status_code == 202
    assert said["verdict"] == "refused"
    assert said["answers"][0]["reason"] == "5000 is over 1000"
    (shown,) = json.loads(Page("docs/reference/events.md").block("json reply"))[
        "answers"
    ]
    assert (
        shown | {"listener_id": said["answers"][0]["listener_id"]}
        == (said["answers"][0])
    )

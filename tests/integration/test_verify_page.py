# SPDX-License-Identifier: Apache-2.0
"""The examples in docs/how-to/verify-webhooks.md, given real webhooks."""

import shutil
import socket
import subprocess
import time
from contextlib import suppress

import pytest

from bridge.callbacks.signing import new_key, new_secret, public_key_of
from bridge.model.signing import Signing
from bridge.receiver import Receiver
from tests.calls import SECRET, a_call, a_webhook
from tests.integration.telling import Teller, tell
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/verify-webhooks.md")


@pytest.fixture(params=["bridge.verify", "standardwebhooks"])
def on_request(request, monkeypatch):
    """The function that an example defines."""

    def example(secret):
        monkeypatch.setenv("WEBHOOK_SECRET", secret)
        names = {}
        exec(PAGE.block(f"python {request.param}"), names)  # noqa: S102 - our own page
        return names["on_request"]

    return example


@pytest.mark.parametrize(
    ("secret", "status"), [(SECRET, 204), (new_secret(), 401)], ids=["own", "other"]
)
def test_an_example_knows_the_bridges_webhook(on_request, secret, status):
    answer = on_request(secret)
    with Receiver(
        "127.0.0.1",
        0,
        on_delivery=id,
        answer=lambda got: answer(got.headers, got.body),
    ) as receiver:
        told = tell(receiver.url)

    assert told.outcome.status == status


KEY = new_key()
VERIFIERS = {
    "own secret": (SECRET, 204),
    "other secret": (new_secret(), 401),
    "own public key": (public_key_of(KEY), 204),
    "other public key": (public_key_of(new_key()), 401),
}


def tell_signed_by_both(url):
    call = a_call(a_webhook(url), key=KEY, signing=Signing.BOTH)
    with Teller() as teller:
        return teller.tell_all([call])[0]


@pytest.fixture
def node(tmp_path):
    """Runs the example for Node.js with a secret; returns where it listens."""
    command = shutil.which("node")
    if command is None:
        pytest.fail("Node.js is needed: as root, apt-get install nodejs npm")
    started = []

    def node(secret):
        port = free_port()
        program = tmp_path / "example.mjs"
        example = PAGE.block("js node:crypto")
        program.write_text(example.replace("9000", str(port)))
        started.append(
            subprocess.Popen([command, str(program)], env={"WEBHOOK_SECRET": secret})
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                return f"http://127.0.0.1:{port}/hook"
        return pytest.fail("it never listened")

    yield node
    for one in started:
        one.kill()
        one.wait()


@pytest.mark.parametrize(("verifier", "status"), VERIFIERS.values(), ids=VERIFIERS)
def test_the_example_for_node_knows_the_bridges_webhook(node, verifier, status):
    told = tell_signed_by_both(node(verifier))

    assert told.outcome.status == status


@pytest.mark.parametrize(("verifier", "status"), VERIFIERS.values(), ids=VERIFIERS)
def test_the_example_in_python_takes_public_keys_too(monkeypatch, verifier, status):
    monkeypatch.setenv("WEBHOOK_SECRET", verifier)
    names = {}
    exec(PAGE.block("python bridge.verify"), names)  # noqa: S102 - our own page
    with Receiver(
        "127.0.0.1",
        0,
        on_delivery=id,
        answer=lambda got: names["on_request"](got.headers, got.body),
    ) as receiver:
        told = tell_signed_by_both(receiver.url)

    assert told.outcome.status == status

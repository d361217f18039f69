# SPDX-License-Identifier: Apache-2.0
"""``--auth-file`` and ``--secret-file`` of ``listener-add`` and ``-update``, against the real API."""

import json
import subprocess

import pytest

from bridge.model import BearerAuth, CertificateAuth
from tests.integration.certificates import Authority
from tests.integration.commands import NOTIFIER_BRIDGE, bridge_command

HOOK = "http://127.0.0.1:9/hook"
BEARER = '{"type": "bearer", "token": "t0ps3cret"}'


@pytest.fixture
def run(api, tmp_path):
    def run(*args):
        home = {"HOME": str(tmp_path), "XDG_STATE_HOME": None, "BRIDGE_URL": api.url}
        return bridge_command(*args, **home)

    return run


@pytest.fixture
def run_json(run):
    def run_json(*args):
        done = run(*args, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run_json


@pytest.fixture
def file(tmp_path):
    """Write a file and return its name."""

    def file(text):
        path = tmp_path / "auth"
        path.write_text(text)
        return str(path)

    return file


def test_a_sign_in_is_read_from_json(run_json, kept, file):
    added = run_json(
        "listener-add", "workbook", "orders", HOOK, "--auth-file", file(BEARER)
    )

    assert added["callback"]["auth"] == {"type": "bearer", "token": "***"}
    assert kept(added).callback.auth == BearerAuth("t0ps3cret")


def test_a_sign_in_is_read_from_standard_input(api, tmp_path):
    done = subprocess.run(
        [NOTIFIER_BRIDGE, "listener-add", "task", "x", HOOK, "--auth-file", "-"],
        env={"HOME": str(tmp_path), "BRIDGE_URL": api.url},
        input=BEARER,
        text=True,
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert "t0ps3cret" not in done.stdout + done.stderr
    (listener,) = api.parts.listener_store.find(limit=2)
    assert listener.callback.auth == BearerAuth("t0ps3cret")


@pytest.mark.parametrize("key_first", [False, True])
def test_a_certificate_is_read_from_pem(run_json, kept, file, tmp_path, key_first):
    certificate, key = Authority(tmp_path).pair("bridge.example")
    pem = key + certificate if key_first else certificate + key

    added = run_json(
        *("listener-add", "workbook", "orders", "https://127.0.0.1:9/"),
        *("--auth-file", file(pem)),
    )

    assert kept(added).callback.auth == CertificateAuth(certificate, key)


def test_a_sign_in_is_changed_and_taken_away(run, add, kept, file):
    added = add()

    changed = run("listener-update", added["id"], "--auth-file", file(BEARER))
    assert kept(added).callback.auth == BearerAuth("t0ps3cret")
    assert "a bearer token" in changed.stdout
    assert "t0ps3cret" not in changed.stdout

    assert run("listener-update", added["id"], "--auth-file", "").returncode == 0
    assert kept(added).callback.auth is None


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"type": "basic", "username": "o", "password": "x"}, "user o and a password"),
        (
            {"type": "header", "name": "X-Key", "value": "x"},
            "a key in the header X-Key",
        ),
    ],
)
def test_how_a_listener_signs_in_is_shown_in_words(run, add, auth, words):
    added = add(callback={"url": HOOK, "auth": auth})

    assert words in run("listener-show", added["id"]).stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("t0ps3cret", "must hold JSON such as"),
        ('["t0ps3cret"]', "must hold JSON such as"),
        ("-----BEGIN CERTIFICATE-----\nt0ps3cret", "a certificate without its key"),
    ],
    ids=["text", "a list", "no key"],
)
def test_a_file_that_is_neither_is_refused_and_not_quoted(run, file, text, reason):
    done = run("listener-add", "task", "x", HOOK, "--auth-file", file(text))

    assert done.returncode == 2
    # click breaks lines where it likes
    assert reason in " ".join(done.stderr.split())
    assert "t0ps3cret" not in done.stderr


def test_a_signing_secret_is_read_from_a_file(run_json, file):
    secret = "whsec_" + "A" * 32

    added = run_json(
        "listener-add", "task", "x", HOOK, "--secret-file", file(secret + "\n")
    )

    assert added["secret"] == secret


def test_a_file_without_a_signing_secret_is_refused(run, file):
    done = run("listener-add", "task", "x", HOOK, "--secret-file", file("\n"))

    assert done.returncode == 2
    assert "holds nothing; whsec_... is expected" in done.stderr


@pytest.mark.parametrize("option", ["--auth-file", "--secret-file"])
def test_a_file_that_is_not_there_is_told(run, tmp_path, option):
    done = run("listener-add", "task", "x", HOOK, option, str(tmp_path / "no"))

    assert done.returncode == 2
    assert "No such file" in done.stderr


def test_a_url_elsewhere_asks_for_the_secret_again(run, add, file):
    added = add(callback={"url": HOOK, "auth": json.loads(BEARER)})
    there = ("listener-update", added["id"], "--to", "http://127.0.0.1:10/")

    refused = run(*there)
    done = run(*there, "--auth-file", file(BEARER))

    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: callback.auth.token: give it again: the URL leads elsewhere\n"
    )
    assert done.returncode == 0

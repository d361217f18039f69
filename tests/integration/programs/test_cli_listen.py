# SPDX-License-Identifier: Apache-2.0
"""``notifier-bridge listen`` as a process, and webhooks to it."""

import json
import re
import time

import pytest
import requests

from bridge import keyring
from bridge.callbacks.signing import new_secret
from tests.calls import SECRET, sign
from tests.integration.commands import NOTIFIER_BRIDGE, Running, notifier_bridge

BODY = b'{"type": "task.failed", "data": {"task": "charge"}}'


@pytest.fixture
def state(tmp_path):
    return {"XDG_STATE_HOME": str(tmp_path), "WEBHOOK_SECRET": ""}


@pytest.fixture
def secrets_file(tmp_path):
    return tmp_path / "workflow-notifier" / "secrets.jsonl"


def listening(*args, **env):
    return Running("listen", "--port", "0", *args, command=NOTIFIER_BRIDGE, **env)


def url_in(line):
    return re.search(r"http://[0-9.:]+", line).group()


def post(url, body=BODY, secret=SECRET, **more):
    now = int(time.time())
    headers = {
        "ce-type": "task.failed",
        "ce-subject": "executions/e1/tasks/charge",
        "webhook-id": "m1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secret, "m1", now, body),
        **more,
    }
    headers = {name: value for name, value in headers.items() if value is not None}
    return requests.post(url, body, headers=headers, timeout=10).status_code


def test_a_delivery_is_printed_and_verified(state):
    with listening("--secret", SECRET, **state) as listen:
        greeting = listen.line()
        status = post(url_in(greeting) + "/hook")
        lines = [listen.line() for _ in range(7)]

    assert greeting.endswith(" (any path); Ctrl-C ends")
    assert status == 200
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  /hook  task\.failed  executions/e1/tasks/charge  verified",
        lines[0],
    )
    assert json.loads("\n".join(lines[1:])) == json.loads(BODY)


def test_the_secret_may_come_from_the_environment(state):
    with listening(**{**state, "WEBHOOK_SECRET": SECRET}) as listen:
        post(url_in(listen.line()))

        assert listen.line().endswith("  verified")


def test_what_another_signed_is_not_verified(state):
    with listening("--secret", SECRET, **state) as listen:
        post(url_in(listen.line()), secret=new_secret())

        assert listen.line().endswith("  NOT verified: no signature matches")


def test_without_a_secret_it_says_so(state):
    with listening(**state) as listen:
        url = url_in(listen.line())
        post(url, b"1")
        first = listen.line(), listen.line()
        post(url, b"1", **{"webhook-signature": None})
        second = listen.line()

    assert first[0].endswith("  signed (give --secret to verify)")
    assert second.endswith("  not signed")


def test_it_learns_the_secret_of_a_listener_that_was_added_since(state, secrets_file):
    secret = new_secret()
    with listening(**state) as listen:
        url = url_in(listen.line()) + "/hook"
        post(url, b"1", secret)
        before = listen.line(), listen.line()
        keyring.remember(url, secret, secrets_file)
        post(url, b"1", secret)
        after = listen.line()

    assert before[0].endswith("  signed (give --secret to verify)")
    assert after.endswith("  verified")


def test_the_file_of_secrets_may_be_another(state, tmp_path):
    file = tmp_path / "mine.jsonl"
    with listening("--secrets-file", str(file), **state) as listen:
        url = url_in(listen.line()) + "/hook"
        keyring.remember(url, SECRET, file)
        post(url)

        assert listen.line().endswith("  verified")


def test_it_prints_json_for_programs_and_nothing_else(state):
    with listening("--secret", SECRET, "--format", "json", **state) as listen:
        url = url_in(listen.note())
        post(url + "/a?b=c")
        post(url, b"no json \xff", secret=new_secret())
        first, second = json.loads(listen.line()), json.loads(listen.line())

    assert first["path"] == "/a?b=c"
    assert first["body"] == json.loads(BODY)
    assert first["headers"]["webhook-id"] == "m1"
    assert (first["verified"], first["reason"]) == (True, None)
    assert second["body"] == "no json \ufffd"
    assert (second["verified"], second["reason"]) == (False, "no signature matches")


def test_it_answers_with_the_status_that_it_was_given(state):
    with listening("--status", "503", **state) as listen:
        assert post(url_in(listen.line())) == 503


def test_it_forwards_and_says_what_came_of_it(state):
    with listening("--status", "410", **state) as other:
        url = f"{url_in(other.line())}/theirs"
        with listening("--forward", url, "--delay", "0.01", **state) as listen:
            status = post(url_in(listen.line()), b"1")
            shown = [listen.line() for _ in range(3)]

    assert status == 410
    assert shown[2].startswith(f"forwarded: {url} answers 410 in ")


def test_a_receiver_to_forward_to_has_to_be_a_url(state):
    done = notifier_bridge("listen", "--forward", "localhost:3000", **state)

    assert done.returncode == 2
    assert "write it as http://127.0.0.1:3000/hook" in done.stderr


def test_a_sender_cannot_steer_the_terminal(state):
    with listening(**state) as listen:
        post(
            url_in(listen.line()),
            '{"a": "\u009b31m"}'.encode(),
            **{"ce-type": "x\x1b[31m[bold]", "ce-subject": None},
        )
        lines = [listen.line() for _ in range(3)]

    assert r"x\x1b[31m[bold]" in lines[0]
    assert r"\x9b31m" in lines[2]


@pytest.mark.parametrize("end", [Running.interrupt, Running.terminate])
def test_it_ends_well(state, end):
    with listening(**state) as listen:
        post(url_in(listen.line()))
        listen.line()

        assert end(listen) == 0


def test_a_port_in_use_is_told_with_the_way_out(state):
    with listening(**state) as listen:
        port = url_in(listen.line()).rpartition(":")[2]
        done = notifier_bridge("listen", "--port", port, **state)

    assert done.returncode == 1
    assert done.stderr == (
        f"Error: port {port} is in use; choose another with --port\n"
    )


def test_an_address_of_another_machine_is_told(state):
    done = notifier_bridge("listen", "--host", "192.0.2.1", **state)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: cannot listen on 192.0.2.1, port 9000: ")


def test_a_malformed_secret_is_refused_and_not_quoted(state):
    done = notifier_bridge("listen", "--secret", "whsec_s3cr3t!", **state)

    assert done.returncode == 2
    assert "must be whsec_ followed by base64" in done.stderr
    assert "s3cr3t" not in done.stderr

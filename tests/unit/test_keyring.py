# SPDX-License-Identifier: Apache-2.0
"""What one command notes and the other finds."""

import stat

import pytest

from bridge import keyring

URL = "http://127.0.0.1:9000/hook"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state" / "secrets.jsonl"


def test_what_was_remembered_is_recalled_by_port_and_path(file):
    assert keyring.remember(URL, "whsec_a", file)

    assert keyring.recall(9000, "/hook", file) == ("whsec_a",)
    assert keyring.recall(9001, "/hook", file) == ()
    assert keyring.recall(9000, "/other", file) == ()


def test_the_newest_comes_first_and_each_once(file):
    for secret in ("whsec_a", "whsec_b", "whsec_a"):
        keyring.remember(URL, secret, file)

    assert keyring.recall(9000, "/hook", file) == ("whsec_a", "whsec_b")


def test_no_more_than_32_are_recalled(file):
    for number in range(40):
        keyring.remember(URL, f"whsec_{number}", file)

    found = keyring.recall(9000, "/hook", file)
    assert (len(found), found[0]) == (32, "whsec_39")


@pytest.mark.parametrize(
    ("url", "port", "target"),
    [
        ("http://localhost:9000/hook?a=b", 9000, "/hook?a=b"),
        ("http://[::1]:9000", 9000, "/"),
        ("http://127.0.0.1/", 80, "/"),
        ("https://127.0.0.1/x", 443, "/x"),
    ],
)
def test_a_url_is_found_by_what_its_receiver_sees(file, url, port, target):
    keyring.remember(url, "whsec_a", file)

    assert keyring.recall(port, target, file) == ("whsec_a",)


def test_only_the_owner_can_read_it(file):
    keyring.remember(URL, "whsec_a", file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(file):
    file.parent.mkdir()
    file.touch(0o644)
    keyring.remember(URL, "whsec_a", file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_missing_file_holds_nothing(file):
    assert keyring.recall(9000, "/hook", file) == ()


def test_a_file_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "in the way").touch()

    assert not keyring.remember(URL, "whsec_a", tmp_path / "in the way" / "file")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"nonsense", id="no json"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"url": 1, "secret": "whsec_x"}', id="no text"),
        pytest.param(b'{"url": "http://127.0.0.1:9000/hook"}', id="no secret"),
        pytest.param(b'{"url": "http://[", "secret": "whsec_x"}', id="no url"),
        pytest.param(b'{"url": "http://a:x/hook", "secret": "whsec_x"}', id="no port"),
    ],
)
def test_a_line_of_somebody_else_is_passed_over(file, line):
    keyring.remember(URL, "whsec_a", file)
    with file.open("ab") as lines:
        lines.write(line + b"\n")

    assert keyring.recall(9000, "/hook", file) == ("whsec_a",)


def test_a_file_that_is_no_text_holds_nothing(file):
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe")

    assert keyring.recall(9000, "/hook", file) == ()


def test_it_stands_where_the_user_keeps_state(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert keyring.default_file() == tmp_path / "workflow-notifier" / "secrets.jsonl"

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keyring.default_file() == (
        tmp_path / ".local" / "state" / "workflow-notifier" / "secrets.jsonl"
    )

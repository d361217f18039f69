# SPDX-License-Identifier: Apache-2.0
"""What a receiver's answer means, and what of it may be read later."""

import json
from datetime import timedelta

import pytest

from bridge.callbacks.answer import kept, meaning_of, retry_after, secrets_of
from bridge.model import OutcomeKind
from tests.calls import NOW, SECRET, a_listener, a_webhook


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_success(status):
    assert meaning_of(status) == (OutcomeKind.SUCCEEDED, None)


def test_410_is_gone():
    kind, complaint = meaning_of(410)

    assert kind is OutcomeKind.GONE
    assert complaint == "answered 410 Gone: it wants nothing more"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 304])
def test_3xx_is_a_refusal_that_says_why(status):
    kind, complaint = meaning_of(status)

    assert kind is OutcomeKind.REFUSED
    assert complaint.startswith(f"answered {status} ")
    assert complaint.endswith("; redirects are never followed")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (101, "answered 101 Switching Protocols"),
        (400, "answered 400 Bad Request"),
        (429, "answered 429 Too Many Requests"),
        (503, "answered 503 Service Unavailable"),
        (599, "answered 599"),
        (999, "answered 999"),
    ],
)
def test_anything_else_is_a_refusal(status, words):
    assert meaning_of(status) == (OutcomeKind.REFUSED, words)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u00b2", None),
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("86400", 86400),
        ("86401", 86400),
        ("9" * 5000, 86400),
        ("1000000000", 86400),
        ("Tue, 24 Nov 2026 02:12:00 GMT", 120),
        ("Tuesday, 24-Nov-26 02:12:00 GMT", 120),
        ("Tue Nov 24 02:12:00 2026", 120),
        ("Tue, 24 Nov 2026 02:12:00 -0000", 120),
        ("Tue, 24 Nov 2026 03:12:00 +0100", 120),
        ("Tue, 24 Nov 2026 02:00:00 GMT", 0),
        ("Tue, 24 Nov 2099 02:00:00 GMT", 86400),
        ("Tue, 99 Nov 2026 02:00:00 GMT", None),
        ("Tue, 24 Nov 99999 02:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(value, seconds):
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert retry_after(value, NOW) == expected


def test_4_kib_are_kept():
    assert kept(b"x" * 70_000, [SECRET]) == b"x" * 4096


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param("to/p s3c ret", id="as it is"),
        pytest.param(r"to\/p s3c ret", id="slash escaped, as PHP does"),
        pytest.param("to%2Fp%20s3c%20ret", id="percent-encoded"),
    ],
)
def test_an_echoed_secret_is_starred_out(echo):
    answer = kept(f'{{"you": "{echo}", "said": 1}}'.encode(), ["to/p s3c ret"])

    assert answer == b'{"you": "' + b"*" * len(echo) + b'", "said": 1}'


def test_a_secret_that_json_escapes_is_starred_out():
    secret = 'a"b\\c12345'
    answer = kept(json.dumps({"you": secret}).encode(), [secret])

    assert json.loads(answer) == {"you": "*" * 12}


def test_no_half_of_a_secret_is_kept_where_the_answer_is_cut():
    secret = "abcdefghijklmnop"
    for before in range(4096 - 20, 4097):
        answer = kept(b"." * before + secret.encode() + b"." * 100, [secret])

        assert len(answer) == 4096
        assert b"a" not in answer


def test_many_secrets_do_not_move_the_cut():
    secret = "abcdefghijklmnop"
    answer = kept(secret.encode() * 4096, [secret])[:-1]

    assert answer == b"*" * 4095


def test_the_longest_of_overlapping_secrets_is_starred_out():
    assert kept(b"Bearer abcdefgh", ["abcdefgh", "Bearer abcdefgh"]) == b"*" * 15


def test_a_listener_keeps_its_key_and_the_values_of_its_headers():
    headers = {"Authorization": "Bearer abcdefgh", "X-Team": "ops", "X-Key": "12345678"}
    listener = a_listener(a_webhook(headers=headers))

    assert set(secrets_of(listener)) == {
        SECRET.removeprefix("whsec_"),
        *("Bearer abcdefgh", "abcdefgh", "12345678"),
    }

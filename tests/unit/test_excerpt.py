# SPDX-License-Identifier: Apache-2.0
"""What of an engine's errors and results is told."""

import pytest

from notifier.engines.excerpt import MAX_ERROR_CHARS, error_text, exception_text


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError("not even that")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("card declined", "card declined"),
        ("语 \ud800", "语 ?"),
        ("x" * 5000, "x" * MAX_ERROR_CHARS + "…"),
        ("at amqp://me:pa@ss@host/v", "at amqp://me:***@host/v"),
        ("http://:only@host", "http://:***@host"),
        ("http://host:80/me@home", "http://host:80/me@home"),
        ("a:b@c", "a:b@c"),
        ("x" * (MAX_ERROR_CHARS - 10) + "http://me:" + "s" * 50 + "@host", None),
    ],
    ids=["plain", "surrogate", "long", "password", "no user", "port", "no URL", "cut"],
)
def test_an_error_is_told_in_utf_8_short_and_without_passwords(text, told):
    if told is None:
        told = "x" * (MAX_ERROR_CHARS - 10) + "http://me:…"

    assert error_text(text) == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (Unspeakable(), "Unspeakable"),
    ],
    ids=["text", "empty", "broken"],
)
def test_an_exception_is_told_with_its_kind(error, told):
    assert exception_text(error) == told

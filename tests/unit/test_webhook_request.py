# SPDX-License-Identifier: Apache-2.0
"""What a listener may ask of a webhook's request, and what is sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.callbacks.request import check_request, headers_of
from bridge.errors import Invalid
from tests.calls import SECRET, a_call, a_webhook, sign


def refusal(**members):
    with pytest.raises(Invalid) as caught:
        check_request(a_webhook(**members))
    return caught.value


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_method_that_carries_a_body_is_accepted(method):
    check_request(a_webhook(method=method))


@pytest.mark.parametrize("method", ["GET", "post", "DELETE", "", "POST\r\n", "CONNECT"])
def test_any_other_method_is_refused(method):
    error = refusal(method=method)

    assert str(error) == "callback.method: must be one of POST, PUT, PATCH"


@pytest.mark.parametrize("seconds", [1, 15, 60])
def test_a_timeout_of_1_to_60_seconds_is_accepted(seconds):
    check_request(a_webhook(timeout=timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [-1, 0, 0.999, 60.001])
def test_any_other_timeout_is_refused(seconds):
    error = refusal(timeout=timedelta(seconds=seconds))

    assert str(error) == "callback.timeout_seconds: must be 1 to 60"


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "content-length", "Content-Type", "TRANSFER-ENCODING", "Connection"),
        *("Content-Encoding", "Accept-Encoding", "Upgrade", "TE", "Trailer", "Expect"),
        *("Keep-Alive", "Proxy-Authorization", "User-Agent", "Date"),
        *("webhook-id", "Webhook-Signature", "webhook-anything", "ce-id", "CE-X"),
        *("traceparent", "Tracestate"),
    ],
)
def test_a_header_of_the_bridge_itself_is_refused(name):
    error = refusal(headers={name: "x"})

    assert str(error) == f"callback.headers.{name}: is set by the bridge itself"


@pytest.mark.parametrize(
    "name", ["", "X Y", "X:Y", "X\r\nY", "X\0", "Ä", "X(Y)", '"X"', "X\t"]
)
def test_a_name_that_is_no_token_is_refused(name):
    error = refusal(headers={name: "x"})

    assert error.field == "callback.headers"
    assert "is no header name" in error.reason
    assert error.reason.isascii()


@pytest.mark.parametrize("odd", ["\r\n", "\r", "\n", "\0", "\x1b", "\x7f"])
@pytest.mark.parametrize("value", ["s3cr3t{}s3cr3t", "s3cr3t{}", "{}s3cr3t"])
def test_a_control_character_in_a_value_is_refused_and_not_quoted(value, odd):
    error = refusal(headers={"X-Key": value.format(odd)})

    assert error.field == "callback.headers.X-Key"
    assert "s3cr3t" not in error.reason


@pytest.mark.parametrize("value", [" x", "x ", "\tx"])
def test_space_around_a_value_is_refused(value):
    assert "begin or end with a space" in refusal(headers={"X-Key": value}).reason


def test_a_character_beyond_latin_1_is_refused():
    assert "latin-1" in refusal(headers={"X-Key": "€uro"}).reason


@pytest.mark.parametrize("value", ["", "a b", "a\tb", "ä", "Bearer abc+/=", "~"])
def test_other_values_are_accepted(value):
    check_request(a_webhook(headers={"X-Key": value}))


def test_32_headers_are_accepted_and_no_more():
    headers = {f"X-{number}": "x" for number in range(33)}

    assert refusal(headers=headers).reason == "are 33; at most 32"
    del headers["X-0"]
    check_request(a_webhook(headers=headers))


def test_8_kib_of_headers_are_accepted_and_no_more():
    fits = 8192 - len("X-Key") - 4
    check_request(a_webhook(headers={"X-Key": "x" * fits}))

    reason = refusal(headers={"X-Key": "x" * (fits + 1)}).reason
    assert reason == "are 8193 bytes together; at most 8192"


def test_one_header_in_two_spellings_is_refused():
    assert "twice" in refusal(headers={"X-Key": "a", "x-key": "b"}).reason


def test_the_request_says_who_sends_what_about_which_event():
    call = a_call(a_webhook(headers={"X-Team": "ops"}))
    headers = headers_of(call, timestamp=1700000000, user_agent="bridge/1")

    event = call.envelope.event
    assert headers["X-Team"] == "ops"
    assert headers["User-Agent"] == "bridge/1"
    assert headers["Content-Type"] == "application/json"
    assert headers["webhook-id"] == call.delivery_id
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["webhook-signature"] == sign(
        SECRET, call.delivery_id, 1700000000, call.envelope.body
    )
    assert (headers["ce-id"], headers["ce-type"]) == (event.id, "task.failed")


def test_a_header_stored_before_it_was_reserved_changes_nothing():
    call = a_call(replace(a_webhook(), headers={"User-Agent": "me", "ce-id": "x"}))
    headers = headers_of(call, timestamp=1, user_agent="bridge/1")

    assert headers["User-Agent"] == "bridge/1"
    assert headers["ce-id"] == call.envelope.event.id

# SPDX-License-Identifier: Apache-2.0
"""What a receiver can be sure of, and what it is told otherwise."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from bridge.callbacks.signing import new_key, new_secret, public_key_of
from bridge.verify import VerificationError, verify
from tests.calls import NOW, SECRET, sign

BODY = b'{"type": "task.failed", "data": {"task": "\xc3\xa4"}}'


def signed(body=BODY, *, at=NOW, secret=SECRET, **changed):
    timestamp = int(at.timestamp())
    headers = {
        "webhook-id": "dlv_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, "dlv_1", timestamp, body),
    }
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


def reason_of(headers, body=BODY, **options):
    with pytest.raises(VerificationError) as caught:
        verify(SECRET, headers, body, **{"now": NOW, **options})
    return caught.value.reason


def test_the_payload_of_a_signed_body_is_returned():
    payload = verify(SECRET, signed(), BODY, now=NOW)

    assert payload == {"type": "task.failed", "data": {"task": "ä"}}


def test_text_is_as_good_as_bytes():
    assert verify(SECRET, signed(), BODY.decode(), now=NOW)["type"] == "task.failed"


def test_the_clock_is_the_default():
    assert verify(SECRET, signed(at=datetime.now(UTC)), BODY)


def test_what_others_sign_is_verified():
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("m1", NOW, BODY.decode()),
    }

    assert verify(SECRET, headers, BODY, now=NOW)


def test_header_names_may_be_in_any_case():
    headers = {name.title(): value for name, value in signed().items()}

    assert verify(SECRET, headers, BODY, now=NOW)


@pytest.mark.parametrize("place", ["before", "after"])
def test_one_of_several_signatures_is_enough(place):
    other = signed(secret=new_secret())["webhook-signature"]
    own = signed()["webhook-signature"]
    both = f"{other} {own}" if place == "before" else f"{own} v1a,AAAA {other}"

    assert verify(SECRET, signed(webhook_signature=both), BODY, now=NOW)


def test_another_secret_does_not_match():
    assert reason_of(signed(secret=new_secret())) == "no signature matches"


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("v1", id="no signature"),
        pytest.param("v1,", id="empty"),
        pytest.param("v1,%%%", id="no base64"),
        pytest.param("v1,ä", id="not ascii"),
        pytest.param("v2,AAAA", id="another version"),
        pytest.param(signed()["webhook-signature"][3:], id="without its version"),
        pytest.param(signed()["webhook-signature"][:-4], id="cut"),
    ],
)
def test_a_signature_that_is_none_does_not_match(signature):
    assert reason_of(signed(webhook_signature=signature)) == "no signature matches"


def test_a_changed_body_does_not_match():
    assert reason_of(signed(), BODY + b" ") == "no signature matches"


def test_a_changed_id_does_not_match():
    assert reason_of(signed(webhook_id="dlv_2")) == "no signature matches"


@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
def test_a_missing_header_is_named(name):
    headers = signed()
    del headers[f"webhook-{name}"]

    assert reason_of(headers) == f"webhook-{name} is missing"


def test_an_old_copy_is_refused():
    headers = signed(at=NOW - timedelta(seconds=301))

    assert reason_of(headers) == "webhook-timestamp is too old by 301 s"
    assert verify(SECRET, headers, BODY, now=NOW, tolerance=timedelta(seconds=301))


def test_a_copy_from_the_future_is_refused():
    headers = signed(at=NOW + timedelta(seconds=301))

    assert reason_of(headers) == "webhook-timestamp is in the future by 301 s"


def test_five_minutes_are_tolerated():
    for away in (timedelta(minutes=5), timedelta(minutes=-5)):
        assert verify(SECRET, signed(at=NOW + away), BODY, now=NOW)


@pytest.mark.parametrize("timestamp", ["now", "1e9", "-1", "\u0661", "9" * 400])
def test_a_time_that_is_no_number_is_refused(timestamp):
    assert reason_of(signed(webhook_timestamp=timestamp)) == (
        "webhook-timestamp is not a number of seconds"
    )


@pytest.mark.parametrize("body", [b"hello", b"\xff", b"[" * 100_000])
def test_a_signed_body_that_is_no_json_is_refused(body):
    assert reason_of(signed(body), body) == "the body is signed, but is not JSON"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "ä"])
def test_a_malformed_secret_is_the_callers_fault(secret):
    with pytest.raises(ValueError, match="must be whsec_ followed by base64"):
        verify(secret, signed(), BODY, now=NOW)


def signed_by_key(key, body=BODY):
    timestamp = int(NOW.timestamp())
    return {
        "webhook-id": "dlv_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(key, "dlv_1", timestamp, body),
    }


def test_what_a_private_key_signs_its_public_key_verifies():
    key = new_key()
    headers = signed_by_key(key)

    assert verify(public_key_of(key), headers, BODY, now=NOW)["type"] == "task.failed"
    for wrong, body in ((new_key(), BODY), (key, BODY + b" ")):
        with pytest.raises(VerificationError, match="no signature matches"):
            verify(public_key_of(wrong), headers, body, now=NOW)


def test_a_public_key_takes_no_signature_of_the_other_scheme():
    with pytest.raises(VerificationError, match="no signature matches"):
        verify(public_key_of(new_key()), signed(), BODY, now=NOW)


@pytest.mark.parametrize("text", ["whpk_", "whpk_AAAA", "whpk_%%%"])
def test_a_malformed_public_key_is_told(text):
    with pytest.raises(ValueError, match="whpk_ followed by base64 of 32 bytes"):
        verify(text, signed(), BODY, now=NOW)

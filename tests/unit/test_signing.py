# SPDX-License-Identifier: Apache-2.0
"""Secrets and signatures, told right and wrong."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from bridge.callbacks.signing import (
    check_secret,
    new_key,
    new_secret,
    public_key_of,
)
from bridge.errors import Invalid
from bridge.model.signing import retired
from tests.calls import SECRET, sign


def a_secret(size):
    return "whsec_" + base64.b64encode(bytes(range(size))).decode()


def test_a_new_secret_is_accepted_and_never_the_same():
    first, second = new_secret(), new_secret()

    check_secret(first)
    assert first != second


def test_a_new_secret_holds_32_bytes_of_what_it_is_given():
    assert new_secret(lambda size: b"r" * size) == (
        "whsec_" + base64.b64encode(b"r" * 32).decode()
    )


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_accepted(size):
    check_secret(a_secret(size))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("whsec_", id="only the prefix"),
        pytest.param(a_secret(23), id="too short"),
        pytest.param(a_secret(65), id="too long"),
        pytest.param(a_secret(32).removeprefix("whsec_"), id="no prefix"),
        pytest.param("whsec_" + "é" * 32, id="not ascii"),
        pytest.param(a_secret(32).rstrip("="), id="no padding"),
        pytest.param(a_secret(32) + "\n", id="line break"),
        pytest.param("whsec_" + "-_" * 20, id="url-safe alphabet"),
    ],
)
def test_any_other_secret_is_refused_and_not_quoted(text):
    with pytest.raises(Invalid, match="24 to 64 bytes") as caught:
        check_secret(text)

    assert caught.value.field == "secret"
    assert text.removeprefix("whsec_") == "" or text not in str(caught.value)


def test_a_signature_is_the_one_that_others_make():
    then = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
    body = '{"type": "task.failed"}'
    theirs = Webhook(SECRET).sign("dlv_1", then, body)

    assert sign(SECRET, "dlv_1", int(then.timestamp()), body.encode()) == theirs


def test_a_private_key_is_its_seed_and_its_public_key():
    # the first test vector of RFC 8032
    seed = bytes.fromhex(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    )
    public = bytes.fromhex(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )

    key = new_key(lambda _: seed)

    assert key == "whsk_" + base64.b64encode(seed + public).decode()
    assert public_key_of(key) == "whpk_" + base64.b64encode(public).decode()


def test_former_secrets_are_forgotten_once_they_are_over_or_too_many():
    def a_day(number):
        return datetime(2026, 11, number, tzinfo=UTC)

    former = ()
    for day in range(1, 10):
        former = retired(
            former, [f"whsec_{day}"], now=a_day(day), overlap=timedelta(days=30)
        )

    assert [one.text for one in former] == ["whsec_9", "whsec_8", "whsec_7", "whsec_6"]
    after = retired(former, (), now=a_day(9) + timedelta(days=29), overlap=timedelta())
    assert [one.text for one in after] == ["whsec_9"]

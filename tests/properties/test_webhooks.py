# SPDX-License-Identifier: Apache-2.0
"""Webhooks over everything that a generator thinks of."""

import base64
import ipaddress
import json
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest, RequestException
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bridge.callbacks.addresses import kind_of
from bridge.callbacks.answer import kept
from bridge.callbacks.guard import Guard, address_in, target_of
from bridge.callbacks.request import check_request
from bridge.callbacks.signing import check_secret
from bridge.errors import Invalid
from bridge.verify import VerificationError, verify
from tests.calls import a_webhook, sign

secrets = st.binary(min_size=24, max_size=64).map(
    lambda key: "whsec_" + base64.b64encode(key).decode()
)
bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(lambda value: json.dumps(value).encode())
ids = st.text("abcdefghijklmnopqrstuvwxyz234567_", min_size=1, max_size=40)


def headers(message_id, timestamp, signature):
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


@given(secrets, ids, bodies)
def test_what_is_signed_is_verified_by_others_and_by_us(secret, message_id, body):
    now = int(datetime.now(UTC).timestamp())
    check_secret(secret)
    signed = headers(message_id, now, sign(secret, message_id, now, body))

    assert Webhook(secret).verify(body, signed) == json.loads(body)
    assert verify(secret, signed, body) == json.loads(body)


@given(secrets, secrets, ids, bodies, st.data())
def test_what_was_changed_is_verified_by_nobody(secret, other, message_id, body, data):
    now = int(datetime.now(UTC).timestamp())
    signed = headers(message_id, now, sign(secret, message_id, now, body))
    changed = data.draw(
        st.sampled_from(
            [
                (secret, signed | {"webhook-id": message_id + "x"}, body),
                (secret, signed | {"webhook-timestamp": str(now - 1)}, body),
                (secret, signed, body + b" "),
                (other, signed, body),
            ]
        )
    )
    if changed == (secret, signed, body):
        return
    theirs = (changed[0], changed[2], changed[1])

    with pytest.raises(VerificationError):
        verify(*changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(theirs[0]).verify(*theirs[1:])


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=200))
def test_verifying_anything_ends_with_a_reason(message_id, timestamp, signature):
    with pytest.raises(VerificationError):
        verify("whsec_AAAA", headers(message_id, timestamp, signature), b"{}")


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_global_to_us_only_if_it_is_to_python(address):
    if kind_of(address) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:{}", "::{}", "64:ff9b::{}"]))
def test_no_ipv6_address_smuggles_an_ipv4_address_in(address, form):
    assert kind_of(ipaddress.ip_address(form.format(address))) is not None


spellings = st.sampled_from(
    [
        str,
        hex,
        lambda n: f"0{n:o}",
        lambda n: f"{n >> 24}.{n & 0xFFFFFF}",
        lambda n: f"{hex(n >> 24)}.{n >> 16 & 255}.{n & 0xFFFF}",
        lambda n: ".".join(str(n >> s & 255) for s in (24, 16, 8, 0)) + ".",
        lambda n: ".".join(hex(n >> s & 255) for s in (24, 16, 8, 0)),
        lambda n: ".".join(f"0{n >> s & 255:o}" for s in (24, 16, 8, 0)),
        lambda n: ".".join(f"000{n >> s & 255:o}" for s in (24, 16, 8, 0)),
    ]
)


@given(st.ip_addresses(v=4), spellings)
def test_every_spelling_of_an_ipv4_address_is_that_address(address, spell):
    target = target_of(f"http://{spell(int(address))}:1/")

    assert address_in(target.host) == address
    if kind_of(address) is not None:
        with pytest.raises(Invalid):
            Guard().resolve(target)
    else:
        assert Guard().resolve(target) == ((str(address), 1),)


hosts = st.one_of(
    st.from_regex(r"[a-zA-Z0-9._\-\[\]:%@]{1,20}", fullmatch=True),
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
)
rests = st.from_regex(r"(:[0-9]{0,6})?([/?#][ -~]{0,20})?", fullmatch=True)


@given(hosts, rests)
def test_requests_reads_the_host_that_the_guard_has_read(host, rest):
    url = f"http://{host}{rest}"
    try:
        target = target_of(url)
    except Invalid:
        return
    request = PreparedRequest()
    try:
        request.prepare_url(url, None)
    except RequestException:
        return  # stricter than we are: no request at all
    seen = urlsplit(request.url)

    literal = address_in(target.host)
    read = seen.hostname if literal is None else str(address_in(seen.hostname))
    assert (read, seen.port or 80) == (
        target.host if literal is None else str(literal),
        target.port,
    )


@given(st.text(max_size=60))
def test_no_text_makes_reading_a_url_fail_otherwise(text):
    for url in (text, f"http://{text}", f"http://a/{text}"):
        with suppress(Invalid):
            target_of(url)


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=4))
def test_headers_that_pass_can_be_sent(pairs):
    try:
        check_request(a_webhook(headers=pairs))
    except Invalid:
        return
    request = PreparedRequest()
    request.prepare(method="POST", url="http://a/", headers=pairs)

    assert dict(request.headers) == pairs | {"Content-Length": "0"}


@given(
    st.lists(
        st.text(min_size=8, max_size=30, alphabet=st.characters(codec="latin-1")),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.binary(max_size=3000), max_size=4),
    st.data(),
)
def test_no_echoed_secret_is_ever_kept(secrets, pieces, data):
    answer = b""
    for piece in pieces:
        answer += piece + data.draw(st.sampled_from(secrets)).encode("latin-1")

    stored = kept(answer, secrets)
    assert len(stored) == min(len(answer), 4096)
    for secret in secrets:
        if set(secret) != {"*"}:
            assert secret.encode("latin-1") not in stored

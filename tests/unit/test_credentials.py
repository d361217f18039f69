# SPDX-License-Identifier: Apache-2.0
"""How a webhook may sign in, what is sent for it, and who can read it."""

import base64
import logging

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bridge.callbacks.answer import kept, secrets_of
from bridge.callbacks.request import check_request, headers_of
from bridge.errors import Invalid
from bridge.model import BasicAuth, BearerAuth, CertificateAuth, HeaderAuth
from bridge.model.auth import auth_of, members_of
from tests.calls import a_call, a_listener, a_webhook
from tests.integration.certificates import Authority

BEARER = BearerAuth("t0ps3cret")
BASIC = BasicAuth("ops", "pä:ss w0rd")
HEADER = HeaderAuth("X-Api-Key", "t0ps3cret")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.pair("bridge.example")


def sent(auth, **members):
    call = a_call(a_webhook(auth=auth, **members))
    return headers_of(call, timestamp=1, user_agent="bridge/1")


def refusal(auth, url="https://hooks.example/in", **members):
    with pytest.raises(Invalid) as caught:
        check_request(a_webhook(url, auth=auth, **members))
    return caught.value


def test_a_bearer_token_is_sent_as_authorization():
    check_request(a_webhook(auth=BEARER))

    assert sent(BEARER)["Authorization"] == "Bearer t0ps3cret"


def test_user_and_password_are_sent_as_rfc_7617_says():
    check_request(a_webhook(auth=BASIC))

    scheme, pair = sent(BASIC)["Authorization"].split()
    assert scheme == "Basic"
    assert base64.b64decode(pair).decode() == "ops:pä:ss w0rd"


def test_an_api_key_is_sent_in_its_header():
    check_request(a_webhook(auth=HEADER, headers={"X-Team": "ops"}))

    headers = sent(HEADER, headers={"X-Team": "ops"})
    assert (headers["X-Api-Key"], headers["X-Team"]) == ("t0ps3cret", "ops")


def test_a_certificate_is_no_header(pair):
    check_request(a_webhook(auth=CertificateAuth(*pair)))

    assert sent(CertificateAuth(*pair)).keys() == sent(None).keys()


@pytest.mark.parametrize(
    ("auth", "field"),
    [
        (BearerAuth(""), "token"),
        (BearerAuth("t" * 4097), "token"),
        (BearerAuth("s3cr3t t0k3n"), "token"),
        (BearerAuth("s3cr3t\r\nX-Evil: 1"), "token"),
        (BearerAuth("s3cr3t€"), "token"),
        (BasicAuth("", "s3cr3t"), "username"),
        (BasicAuth("o:ps", "s3cr3t"), "username"),
        (BasicAuth("o\nps", "s3cr3t"), "username"),
        (BasicAuth("ops", ""), "password"),
        (BasicAuth("ops", "s3cr3t\0"), "password"),
        (HeaderAuth("X Key", "s3cr3t"), "name"),
        (HeaderAuth("Host", "s3cr3t"), "name"),
        (HeaderAuth("webhook-id", "s3cr3t"), "name"),
        (HeaderAuth("X-Key", ""), "value"),
        (HeaderAuth("X-Key", "s3cr3t\r\nX-Evil: 1"), "value"),
    ],
    ids=repr,
)
def test_what_cannot_be_sent_is_refused_and_not_quoted(auth, field):
    error = refusal(auth)

    assert error.field == f"callback.auth.{field}"
    assert "s3cr3t" not in error.reason


@pytest.mark.parametrize(
    "auth", [BEARER, BASIC, HEADER], ids=["bearer", "basic", "key"]
)
def test_authorization_in_the_headers_is_one_too_many(auth):
    error = refusal(auth, headers={"authorization": "Bearer other"})

    assert error.field == "callback.headers.authorization"
    assert error.reason == "signs in beside callback.auth; give one"


def test_an_api_key_cannot_be_given_twice():
    error = refusal(HEADER, headers={"x-api-key": "other"})

    assert error.field == "callback.headers.x-api-key"


def test_a_certificate_goes_with_a_header(pair):
    headers = {"Authorization": "Bearer t0ps3cret"}

    check_request(a_webhook(auth=CertificateAuth(*pair), headers=headers))


def test_a_sign_in_counts_among_the_headers():
    headers = {"X-A": "x" * 4096}

    assert "8192" in refusal(HeaderAuth("X-B", "y" * 4096), headers=headers).reason


def test_a_certificate_is_not_shown_to_plain_http(pair):
    error = refusal(CertificateAuth(*pair), url="http://hooks.example/in")

    assert str(error) == ("callback.auth: a certificate is shown to https:// URLs only")


def another_key():
    return ec.generate_private_key(ec.SECP256R1())


def in_pem(key, encryption=None):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption() if encryption is None else encryption,
    ).decode()


@pytest.mark.parametrize(
    ("field", "wrong", "reason"),
    [
        ("certificate", "", "is no certificate in PEM"),
        ("certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n", "is no certificate"),
        ("certificate", "x" * 65537, "is over 65536 characters long"),
        ("certificate", in_pem(another_key()), "holds a private key too"),
        ("key", "", "is no private key in PEM"),
        ("key", "x" * 65537, "is over 65536 characters long"),
        ("key", in_pem(another_key()), "is not the key of the (first) certificate"),
        (
            "key",
            in_pem(another_key(), serialization.BestAvailableEncryption(b"x")),
            "is under a password",
        ),
    ],
    ids=[
        *("nothing", "rubbish", "much", "a key within"),
        *("no key", "a huge key", "another's key", "a locked key"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_refused(pair, field, wrong, reason):
    members = dict(zip(("certificate", "key"), pair, strict=True)) | {field: wrong}

    error = refusal(CertificateAuth(**members))

    assert error.field == f"callback.auth.{field}"
    assert reason in error.reason


def test_an_expired_certificate_is_only_warned_of(authority, caplog):
    pair = authority.pair("late.example", expired=True)

    with caplog.at_level(logging.WARNING):
        check_request(a_webhook(auth=CertificateAuth(*pair)))

    (record,) = caplog.records
    assert record.getMessage() == "a client certificate is out of its time"
    assert record.subject == "CN=late.example"


def test_a_chain_may_follow_the_certificate(authority, pair):
    certificate, key = pair

    check_request(
        a_webhook(auth=CertificateAuth(certificate + authority.bundle.read_text(), key))
    )


@pytest.mark.parametrize(
    "auth", [BEARER, BASIC, HEADER, CertificateAuth("c3rt", "k3y")], ids=repr
)
def test_what_is_secret_is_in_no_repr_and_all_is_in_the_members(auth):
    text = repr(a_webhook(auth=auth))

    for secret in ("t0ps3cret", "pä:ss", "k3y"):
        assert secret not in text
    assert auth_of(members_of(auth)) == auth


@pytest.mark.parametrize(
    ("auth", "echo"),
    [
        (BEARER, "t0ps3cret"),
        (HEADER, "t0ps3cret"),
        (BearerAuth("abc"), "abc"),
        (BASIC, "pä:ss w0rd"),
        (BASIC, base64.b64encode("ops:pä:ss w0rd".encode()).decode()),
    ],
    ids=["token", "key", "a short one", "password", "user and password"],
)
def test_an_answer_that_repeats_it_is_kept_without_it(auth, echo):
    listener = a_listener(a_webhook(auth=auth))
    answer = f"you said {echo}!".encode()

    masked = kept(answer, secrets_of(listener))

    assert masked == b"you said " + b"*" * len(echo.encode()) + b"!"

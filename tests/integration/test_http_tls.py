# SPDX-License-Identifier: Apache-2.0
"""Webhooks over TLS: who is believed to be whom."""

import ssl
import warnings

import pytest

from bridge.callbacks.guard import Guard
from bridge.errors import Invalid
from bridge.model import OutcomeKind
from tests.calls import a_webhook
from tests.integration.certificates import Authority
from tests.integration.hostile import OK, Hostile, answers, deaf, drips
from tests.integration.telling import LOOPBACK, Teller, looks_up, tell

pytestmark = pytest.mark.usefixtures("each_client")

HOST = "hooks.example"
TO_LOOPBACK = Guard(allow_loopback=True, lookup=looks_up("127.0.0.1"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder)


def attempt(authority, tls, behaviour=answers(OK), **options):  # noqa: B008 - it keeps nothing
    with Hostile(behaviour, tls) as receiver:
        url = f"https://{HOST}:{receiver.port}/hook"
        told = tell(url, guard=TO_LOOPBACK, ca_bundle=authority.bundle, **options)
    return told, receiver


def test_the_name_is_asked_for_and_checked(authority):
    told, receiver = attempt(authority, authority.context(HOST))

    assert told.outcome.kind is OutcomeKind.SUCCEEDED
    assert receiver.sni == [HOST]


def test_a_full_stop_behind_the_name_is_not_part_of_it(authority):
    with Hostile(answers(OK), authority.context(HOST)) as receiver:
        told = tell(
            f"https://{HOST}.:{receiver.port}/",
            guard=TO_LOOPBACK,
            ca_bundle=authority.bundle,
        )

    assert told.outcome.kind is OutcomeKind.SUCCEEDED
    assert receiver.sni == [HOST]


def test_a_connection_is_kept(authority):
    with (
        Hostile(answers(OK), authority.context(HOST)) as receiver,
        Teller(TO_LOOPBACK, ca_bundle=authority.bundle) as teller,
    ):
        url = f"https://{HOST}:{receiver.port}/hook"
        told = [teller.tell(url) for _ in range(3)]

    assert {one.outcome.kind for one in told} == {OutcomeKind.SUCCEEDED}
    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("make", "error"),
    [
        pytest.param(
            lambda authority, _: authority.context(HOST, expired=True),
            "TLS: certificate has expired",
            id="expired",
        ),
        pytest.param(
            lambda authority, _: authority.context("other.example"),
            f"TLS: Hostname mismatch, certificate is not valid for '{HOST}'",
            id="another host",
        ),
        pytest.param(
            lambda authority, _: authority.context(HOST, self_signed=True),
            "TLS: self-signed certificate",
            id="self-signed",
        ),
        pytest.param(
            lambda _, folder: Authority(folder, "Another").context(HOST),
            "TLS: unable to get local issuer certificate",
            id="another authority",
        ),
    ],
)
def test_a_certificate_that_proves_nothing_is_a_failure(authority, folder, make, error):
    told, receiver = attempt(authority, make(authority, folder))

    assert told.outcome.kind is OutcomeKind.FAILED
    assert told.outcome.error == error
    assert receiver.requests == []


def test_the_default_authorities_do_not_know_ours(authority):
    with Hostile(answers(OK), authority.context(HOST)) as receiver:
        told = tell(f"https://{HOST}:{receiver.port}/", guard=TO_LOOPBACK)

    assert told.outcome.error == "TLS: unable to get local issuer certificate"


def test_a_certificate_of_a_name_does_not_fit_an_address(authority):
    with Hostile(answers(OK), authority.context(HOST)) as receiver:
        told = tell(
            receiver.url.replace("http:", "https:"),
            guard=LOOPBACK,
            ca_bundle=authority.bundle,
        )

    assert "certificate is not valid for '127.0.0.1'" in told.outcome.error


def test_tls_before_1_2_is_not_spoken(authority):
    tls = authority.context(HOST)
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tls.minimum_version = ssl.TLSVersion.TLSv1
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    told, receiver = attempt(authority, tls)

    assert told.outcome.kind is OutcomeKind.FAILED
    assert told.outcome.error.startswith("TLS: ")
    assert receiver.requests == []


def test_plain_http_on_the_other_side_is_a_failure(authority):
    def plain(peer):
        peer.receive()
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    told, _ = attempt(authority, None, plain)

    assert told.outcome.kind is OutcomeKind.FAILED
    assert told.outcome.error.startswith("TLS: ")


@pytest.mark.parametrize(
    ("tls", "behaviour"),
    [
        pytest.param(False, deaf, id="handshake is never answered"),
        pytest.param(True, drips(b"HTTP/1.1 200 OK\r\n\r\n"), id="body drips"),
        pytest.param(True, deaf, id="request is never read"),
    ],
)
def test_a_slow_receiver_is_cut_off_at_the_deadline(authority, tls, behaviour):
    context = authority.context(HOST) if tls else None
    told, _ = attempt(authority, context, behaviour, seconds=1)

    assert told.outcome.kind is OutcomeKind.TIMED_OUT
    assert 0.9 < told.elapsed < 2


def test_clear_text_is_not_sent_where_https_alone_is_allowed():
    guard = Guard(allow_loopback=True, https_only=True)
    with Hostile(answers(OK)) as receiver, Teller(guard) as teller:
        outcome = teller.tell(receiver.url).outcome
        with pytest.raises(Invalid, match="must start with https://"):
            teller.callback.check(a_webhook(receiver.url))
        teller.callback.check(a_webhook(receiver.url.replace("http:", "HTTPS:")))

    assert outcome.kind is OutcomeKind.BLOCKED
    assert outcome.error.startswith("must start with https://")
    assert receiver.connections == 0

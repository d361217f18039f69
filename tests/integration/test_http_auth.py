# SPDX-License-Identifier: Apache-2.0
"""Webhooks that sign in: what the receiver sees, over real sockets."""

import logging

import pytest

from bridge.callbacks.guard import Guard
from bridge.model import BearerAuth, CertificateAuth, OutcomeKind
from tests.integration.certificates import Authority
from tests.integration.hostile import OK, Hostile, answers
from tests.integration.telling import Teller, looks_up, tell

HOST = "hooks.example"
TO_LOOPBACK = Guard(allow_loopback=True, lookup=looks_up("127.0.0.1"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def shown(authority):
    return CertificateAuth(*authority.pair("bridge.example"))


@pytest.fixture
def strict(authority):
    """A receiver that lets in who shows a certificate of the authority's."""
    with Hostile(answers(OK), authority.context_that_asks(HOST)) as receiver:
        yield receiver


@pytest.fixture
def teller(authority):
    with Teller(TO_LOOPBACK, ca_bundle=authority.bundle) as teller:
        yield teller


def url(receiver):
    return f"https://{HOST}:{receiver.port}/hook"


def echoes(peer):
    _, headers, _ = peer.request()
    said = dict(headers)["Authorization"].encode()
    peer.send(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))


def test_a_token_is_sent_and_starred_out_where_the_answer_repeats_it(caplog):
    with Hostile(echoes) as receiver, caplog.at_level(logging.DEBUG):
        outcome = tell(receiver.url, auth=BearerAuth("t0ps3cret")).outcome

    [(_, headers, _)] = receiver.requests
    assert dict(headers)["Authorization"] == "Bearer t0ps3cret"
    assert outcome.answer == b"Bearer *********"
    assert "t0ps3cret" not in repr(outcome) + caplog.text


def test_a_certificate_is_shown_to_who_asks(strict, teller, shown):
    told = [teller.tell(url(strict), auth=shown) for _ in range(3)]

    assert {one.outcome.kind for one in told} == {OutcomeKind.SUCCEEDED}
    assert strict.connections == 1


def test_no_certificate_is_shown_for_another_listener(strict, teller, shown):
    """Not even over a connection that is open already."""
    first = teller.tell(url(strict), auth=shown).outcome
    second = teller.tell(url(strict)).outcome

    assert first.kind is OutcomeKind.SUCCEEDED
    assert second.kind is OutcomeKind.FAILED
    assert len(strict.requests) == 1


def test_each_certificate_has_connections_of_its_own(strict, teller, authority):
    for name in ("one.example", "two.example", "one.example"):
        auth = CertificateAuth(*authority.pair(name))
        assert teller.tell(url(strict), auth=auth).outcome.status == 200

    assert strict.connections == 3


def test_a_certificate_of_somebody_elses_is_turned_away(strict, teller, tmp_path):
    foreign = CertificateAuth(*Authority(tmp_path, "Other").pair("bridge.example"))

    outcome = teller.tell(url(strict), auth=foreign).outcome

    assert outcome.kind is OutcomeKind.FAILED
    assert strict.requests == []


def test_the_receivers_certificate_is_checked_all_the_same(tmp_path, teller, shown):
    other = Authority(tmp_path, "Other")
    with Hostile(answers(OK), other.context(HOST)) as receiver:
        outcome = teller.tell(url(receiver), auth=shown).outcome

    assert outcome.kind is OutcomeKind.FAILED
    assert receiver.requests == []


def test_no_key_is_left_in_a_file(strict, teller, shown, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert teller.tell(url(strict), auth=shown).outcome.status == 200

    assert list(tmp_path.iterdir()) == []

# SPDX-License-Identifier: Apache-2.0
"""Webhooks over real sockets: what is sent, where to, and what comes of answers."""

import socket
from datetime import timedelta
from ipaddress import ip_network

import pytest
from standardwebhooks.webhooks import Webhook

from bridge.callbacks.guard import Guard
from bridge.errors import Invalid
from bridge.model import OutcomeKind
from tests.calls import SECRET, a_call, a_webhook
from tests.integration.hostile import (
    OK,
    Hostile,
    answers,
    closes_when_used_again,
    once,
)
from tests.integration.telling import (
    PATIENCE_SECONDS,
    Teller,
    looks_up,
    tell,
)

pytestmark = pytest.mark.usefixtures("each_client")


def answer(status, *headers, body=b"why"):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def receiver():
    with Hostile(answers(OK)) as server:
        yield server


@pytest.fixture
def teller():
    with Teller() as teller:
        yield teller


def test_the_body_is_sent_as_it_is_and_signed(receiver, teller):
    headers = {"X-Team": "ops", "X-Umlaut": "ä"}
    call = a_call(a_webhook(f"{receiver.url}?a=b%20c", headers=headers, method="PUT"))
    [told] = teller.tell_all([call])

    [(line, pairs, body)] = receiver.requests
    sent = {name.lower(): value for name, value in pairs}
    assert told.outcome.kind is OutcomeKind.SUCCEEDED
    assert (told.outcome.status, told.outcome.answer) == (200, b"ok")
    assert line == "PUT /hook?a=b%20c HTTP/1.1"
    assert body == call.envelope.body
    assert Webhook(SECRET).verify(body, sent)["type"] == "task.failed"
    assert len(sent) == len(pairs), "a header was sent twice"
    assert sent["content-type"] == "application/json"
    assert sent["accept-encoding"] == "identity"
    assert sent["user-agent"].startswith("workflow-notifier/")
    assert sent["webhook-id"] == call.delivery_id
    assert sent["ce-id"] == call.envelope.event.id
    assert (sent["x-team"], sent["x-umlaut"]) == ("ops", "ä")
    assert sent["host"] == f"127.0.0.1:{receiver.port}"


def test_the_same_delivery_has_the_same_id_and_a_new_time(receiver, teller):
    call = a_call(a_webhook(receiver.url))
    teller.tell_all([call])
    teller.tell_all([call])

    first, second = ({k.lower(): v for k, v in one[1]} for one in receiver.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) >= int(first["webhook-timestamp"])


def test_a_connection_is_kept_for_the_next_attempt(receiver, teller):
    for _ in range(5):
        teller.tell(receiver.url)

    assert receiver.connections == 1
    assert len(receiver.requests) == 5


def test_many_attempts_share_few_connections(receiver):
    with Teller(at_once=4) as teller:
        told = teller.tell_all([a_call(a_webhook(receiver.url)) for _ in range(40)])

    assert {one.outcome.kind for one in told} == {OutcomeKind.SUCCEEDED}
    assert 1 <= receiver.connections <= 4
    assert len({body for _, _, body in receiver.requests}) == 40


def test_a_kept_connection_that_its_receiver_ends_is_no_failure(teller):
    with Hostile(closes_when_used_again) as receiver:
        told = [teller.tell(receiver.url) for _ in range(3)]

    assert {one.outcome.kind for one in told} == {OutcomeKind.SUCCEEDED}
    assert receiver.connections == 3


def test_no_connection_is_kept_when_too_many_are_open(receiver, teller, monkeypatch):
    monkeypatch.setattr("bridge.callbacks.connections.MAX_OPEN", 0)
    monkeypatch.setattr("bridge.callbacks.direct.pool.MAX_OPEN", 0)
    told = [teller.tell(receiver.url) for _ in range(3)]

    assert {one.outcome.kind for one in told} == {OutcomeKind.SUCCEEDED}
    assert receiver.connections == 3


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Go", "308 Go"])
def test_a_redirect_is_not_followed(receiver, teller, status):
    there = answer(status, f"Location: {receiver.url}")
    with Hostile(answers(there)) as redirecting:
        outcome = teller.tell(redirecting.url).outcome

    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.status == int(status[:3])
    assert outcome.error.endswith("; redirects are never followed")
    assert receiver.connections == 0


def test_410_is_gone(teller):
    with Hostile(answers(answer("410 Gone"))) as receiver:
        outcome = teller.tell(receiver.url).outcome

    assert (outcome.kind, outcome.status) == (OutcomeKind.GONE, 410)


def test_a_refusal_tells_status_answer_and_the_wish_to_wait(teller):
    busy = answer("503 Busy<script>", "Retry-After: 7", body=b"\x00\xffbusy")
    with Hostile(answers(busy)) as receiver:
        outcome = teller.tell(receiver.url).outcome

    assert (outcome.kind, outcome.status) == (OutcomeKind.REFUSED, 503)
    assert outcome.error == "answered 503 Service Unavailable"
    assert outcome.answer == b"\x00\xffbusy"
    assert outcome.retry_after == timedelta(seconds=7)


def test_a_secret_that_is_echoed_is_not_kept(teller):
    token = "Bearer s3cr3t/t0k3n"

    def echo(peer):
        _, headers, _ = peer.request()
        said = repr((SECRET, headers)).encode()
        peer.send(answer("401 No", body=said))

    with Hostile(echo) as receiver:
        outcome = teller.tell(receiver.url, headers={"Authorization": token}).outcome

    assert b"webhook-signature" in outcome.answer
    assert b"t0k3n" not in outcome.answer
    assert SECRET[6:].encode() not in outcome.answer


def test_a_cookie_is_not_taken_to_the_next_attempt(teller):
    with Hostile(answers(answer("200 OK", "Set-Cookie: a=b; Path=/"))) as receiver:
        teller.tell(receiver.url)
        teller.tell(receiver.url)

    assert not any(
        k.lower() == "cookie" for _, hs, _ in receiver.requests for k, _ in hs
    )


def test_the_environment_changes_nothing(receiver, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    outcome = tell(receiver.url).outcome

    [(_, headers, _)] = receiver.requests
    assert outcome.kind is OutcomeKind.SUCCEEDED
    assert "authorization" not in {name.lower() for name, _ in headers}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "[::1]", "127.1."]
)
def test_a_refused_address_is_not_dialled(receiver, host):
    url = receiver.url.replace("127.0.0.1", host)
    with Teller(Guard()) as teller:
        outcome = teller.tell(url).outcome
        with pytest.raises(Invalid) as caught:
            teller.callback.check(a_webhook(url))

    assert outcome.kind is OutcomeKind.BLOCKED
    assert " is loopback; an operator can allow it: " in outcome.error
    assert outcome.error == caught.value.reason
    assert receiver.connections == 0


def test_a_refusal_does_not_tell_whether_the_port_is_open(receiver):
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/hook"
    outcomes = [tell(url, guard=Guard()).outcome for url in (receiver.url, closed)]

    assert outcomes[0].error == outcomes[1].error
    assert outcomes[0].kind is outcomes[1].kind is OutcomeKind.BLOCKED


def test_a_resolver_that_changes_its_answer_gains_nothing():
    asked = []

    def changing(host, port, **_):
        asked.append(host)
        # 127.0.0.2 is allowed; the machine itself waits behind every later answer.
        return looks_up("127.0.0.2" if len(asked) == 1 else "127.0.0.1")(host, port)

    guard = Guard(allowed=(ip_network("127.0.0.2"),), lookup=changing)
    with Hostile(once(OK), host="127.0.0.2") as receiver, Teller(guard) as teller:
        url = f"http://hooks.example:{receiver.port}/hook"
        first = teller.tell(url).outcome
        receiver.left.wait(PATIENCE_SECONDS)
        second = teller.tell(url).outcome

    assert first.kind is OutcomeKind.SUCCEEDED
    assert second.kind is OutcomeKind.BLOCKED
    assert asked == ["hooks.example", "hooks.example"]


def test_a_name_that_points_elsewhere_after_the_check_is_blocked(receiver):
    now = ["127.0.0.1"]
    guard = Guard(
        allowed=(ip_network("127.0.0.1"),),
        lookup=lambda h, p, **_: looks_up(*now)(h, p),
    )
    url = f"http://hooks.example:{receiver.port}/hook"
    with Teller(guard) as teller:
        teller.callback.check(a_webhook(url))
        now[:] = ["169.254.169.254"]
        outcome = teller.tell(url).outcome

    assert outcome.kind is OutcomeKind.BLOCKED
    assert outcome.error.startswith("169.254.169.254 is a cloud's metadata service")
    assert receiver.connections == 0


def test_the_next_address_is_tried_when_one_is_dead(receiver):
    guard = Guard(allow_loopback=True, lookup=looks_up("127.0.0.3", "127.0.0.1"))
    outcome = tell(f"http://hooks.example:{receiver.port}/", guard=guard).outcome

    assert outcome.kind is OutcomeKind.SUCCEEDED


def test_a_name_that_is_not_known_now_passes_the_check_and_fails():
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with Teller(Guard(lookup=unknown)) as teller:
        teller.callback.check(a_webhook("http://hooks.example/"))
        outcome = teller.tell("http://hooks.example/").outcome

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error == "the host name could not be looked up"


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("callback.url", {"url": "http://user@127.0.0.1/"}),
        ("callback.method", {"method": "GET"}),
        ("callback.headers.Host", {"headers": {"Host": "x"}}),
        ("callback.timeout_seconds", {"timeout": timedelta(seconds=61)}),
    ],
)
def test_the_check_names_the_field_at_fault(teller, field, members):
    with pytest.raises(Invalid) as caught:
        teller.callback.check(a_webhook(**{"url": "http://127.0.0.1/", **members}))

    assert caught.value.field == field


def test_nothing_is_sent_when_no_thread_is_free_in_time(receiver):
    with Hostile(lambda peer: peer.pause()) as silent, Teller(at_once=1) as teller:
        calls = [
            a_call(a_webhook(silent.url), seconds=1),
            a_call(a_webhook(receiver.url), seconds=0.5),
        ]
        told = teller.tell_all(calls)

    assert [one.outcome.kind for one in told] == [OutcomeKind.TIMED_OUT] * 2
    assert told[1].outcome.error.endswith(" free for 0.5 s")
    assert receiver.connections == 0

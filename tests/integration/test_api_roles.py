# SPDX-License-Identifier: Apache-2.0
"""Every route of the API, asked by every role, of its own project and of another."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import requests

from bridge.model import Access, Role, State
from bridge.model.replay import Wanted
from bridge.registrar import new_id
from bridge.store import journal
from bridge.workbook import pieces
from bridge.workbook.document import Entry, Hook, Origin, Place
from bridge.workbook.services import read_service
from tests.served import ServedApi
from tests.stored import Stores, a_delivery, a_listener, a_stray, an_envelope
from tests.workbooks import ORDERS, VARS, document

HOOK = {"url": "http://127.0.0.1:9/hook"}
EVENT = {
    "type": "execution.started",
    "data": {"project": "acme", "execution": {"id": "e1"}},
}
OLD = "/v1/workbooks/{workbook_name}/listeners"
OLD_ONE = OLD + "/{listener_id}"
LISTENER = "/v1/listeners/{listener_id}"

NOBODY, STRANGER = "nobody", "a stranger"
OWN = {role: Access("acme", role) for role in Role}
FOREIGN = {role: Access("other", role) for role in Role}
OF_ALL = {role: Access(None, role) for role in Role}


@dataclass(frozen=True)
class Route:
    """One route, and what is asked of it: about things of the project `acme`.

    Attributes:
        role: Whoever has less is refused.
        status: For whoever may.
        foreign: For another project's; None: the same, with nothing of acme's in it.
        in_all: A token of one project is not enough.
    """

    method: str
    path: str
    role: str
    status: int = 200
    foreign: int | None = 404
    query: str = ""
    body: object = None
    headers: tuple = ()
    in_all: bool = False

    def expected(self, access):
        if access in (NOBODY, STRANGER):
            return 401
        if not access.role.covers(Role(self.role)):
            return 403
        if self.in_all and access.project is not None:
            return 403
        if access.project == "other" and self.foreign is not None:
            return self.foreign
        return self.status


ACME = (("X-Project-Id", "acme"),)
NEW = {"events": ["TASK"], "callback": HOOK}
SENT = {"workbook": ORDERS, "vars": VARS}
REPLAYS = "/v1/replays"
SUBSCRIPTIONS = "/subscriptions"
SUBSCRIPTION = {"sink": HOOK["url"], "protocol": "HTTP"}
OF_THEIRS = {"config": {"project": "acme"}}
WORKBOOKS = "/v1/workbooks"
WORKBOOK = WORKBOOKS + "/{workbook}"
OF_ACME = "project=acme"
QUARANTINE = "/v1/quarantine"
QUARANTINED = "/v1/quarantine/{message_id}"
PIECES = {
    "services/{service}": {
        "type": "HTTP",
        "parameters": {"baseUrl": "http://127.0.0.1:9"},
    },
    "services/{service}/actions/{action}": {"url": "/spare"},
    "tasks/{task}/{moment}": "Logger:success",
    "workflow/{moment}": "Logger:success",
}
ROUTES = [
    Route("GET", "/v1/listeners", "reader", foreign=None),
    Route("GET", "/v1/listeners", "reader", foreign=403, query="project=acme"),
    Route("POST", "/v1/listeners", "member", 201, 403, body=NEW | {"project": "acme"}),
    Route("POST", "/v1/listeners", "member", 201, None, body=NEW),
    Route("GET", LISTENER, "reader"),
    Route("PUT", LISTENER, "member", body=NEW),
    Route("PATCH", LISTENER, "member", body={"enabled": False}),
    Route("DELETE", LISTENER, "member", 204),
    Route("POST", f"{LISTENER}/test", "member"),
    Route("POST", f"{LISTENER}/secret", "member"),
    Route("POST", f"{LISTENER}/replay", "member", 202),
    Route("GET", REPLAYS, "reader", foreign=None),
    Route("GET", REPLAYS, "reader", foreign=403, query="project=acme"),
    Route("GET", f"{REPLAYS}/{{replay_id}}", "reader"),
    Route("POST", f"{REPLAYS}/{{replay_id}}/stop", "member", 202),
    Route("GET", OLD, "reader", foreign=403, headers=ACME),
    Route("GET", OLD, "reader", foreign=None),
    Route("POST", OLD, "member", 201, 403, body={"webhook": HOOK["url"]}, headers=ACME),
    Route("GET", OLD_ONE, "reader", foreign=403, headers=ACME),
    Route("PUT", OLD_ONE, "member", foreign=403, body={}, headers=ACME),
    Route("DELETE", OLD_ONE, "member", 204, 403, headers=ACME),
    Route("GET", SUBSCRIPTIONS, "reader", foreign=None),
    Route("GET", SUBSCRIPTIONS, "reader", foreign=403, query="project=acme"),
    Route("POST", SUBSCRIPTIONS, "member", 201, 403, body=SUBSCRIPTION | OF_THEIRS),
    Route("POST", SUBSCRIPTIONS, "member", 201, None, body=SUBSCRIPTION),
    Route("GET", f"{SUBSCRIPTIONS}/{{listener_id}}", "reader"),
    Route("PUT", f"{SUBSCRIPTIONS}/{{listener_id}}", "member", body=SUBSCRIPTION),
    Route("DELETE", f"{SUBSCRIPTIONS}/{{listener_id}}", "member"),
    Route("GET", "/v1/deliveries", "reader", foreign=None),
    Route("GET", "/v1/deliveries", "reader", foreign=None, query="listener={listener_id}"),
    Route("GET", "/v1/deliveries", "reader", foreign=403, query="project=acme"),
    Route("GET", "/v1/deliveries/{delivery_id}", "reader"),
    Route("POST", "/v1/deliveries/{delivery_id}/retry", "member", 202),
    Route("POST", "/v1/events", "member", 202, 403, body=EVENT),
    Route("GET", "/v1/events/{event_id}", "reader"),
    Route("GET", "/v1/explanations", "reader", query="event={event_id}"),
    Route("GET", "/v1/events/stream", "reader", foreign=None),
    Route("GET", "/v1/tokens", "admin", foreign=None),
    Route("GET", "/v1/tokens", "admin", foreign=403, query="project=acme"),
    Route(
        "POST", "/v1/tokens", "admin", 201, 403,
        body={"project": "acme", "role": "reader"},
    ),
    Route("GET", "/v1/tokens/{token_id}", "admin"),
    Route("DELETE", "/v1/tokens/{token_id}", "admin", 204),
    Route("GET", QUARANTINE, "reader", in_all=True),
    Route("GET", QUARANTINED, "reader", in_all=True),
    Route("POST", f"{QUARANTINED}/requeue", "member", 409, in_all=True),
    Route("DELETE", QUARANTINED, "member", 204, in_all=True),
    Route("GET", "/v1/access", "reader", foreign=None),
    Route("GET", WORKBOOKS, "reader", foreign=None),
    Route("GET", WORKBOOKS, "reader", foreign=403, query="project=acme"),
    Route("POST", WORKBOOKS, "member", foreign=403, query=OF_ACME, body=SENT),
    Route("POST", WORKBOOKS, "member", foreign=None, query="dry_run=1", body=SENT),
    Route("GET", WORKBOOK, "reader", foreign=403, query=OF_ACME),
    Route("DELETE", WORKBOOK, "member", 204, 403, query=OF_ACME),
    *[
        Route(method, f"{WORKBOOK}/{piece}", "member", 200, 403, OF_ACME, body)
        for piece, put in PIECES.items()
        for method, body in (("PUT", put), ("DELETE", None))
    ],
    Route("GET", "/v1/explanations", "reader", query="event={event_id}"),
    Route("GET", "/metrics", "reader", in_all=True),
]  # fmt: skip
OPEN = {("GET", "/healthz"), ("GET", "/readyz")}


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """An API that wants tokens."""
    url = f"sqlite:///{tmp_path_factory.mktemp('roles')}/bridge.sqlite3"
    with ServedApi(url, signs_in=True) as served:
        yield served


@pytest.fixture
def tokens(signed):
    """For everybody who asks, the headers that they send."""
    signed.empty()
    issue = signed.parts.issuer.issue
    known = {
        access: {"Authorization": f"Bearer {issue(access.project, access.role).text}"}
        for access in (*OWN.values(), *FOREIGN.values(), *OF_ALL.values())
    }
    # uvicorn believes a proxy on this machine; every test has an address of its own
    away = f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"
    wrong = {"X-Auth-Token": "wnb_" + "A" * 43, "X-Forwarded-For": away}
    return {NOBODY: {}, STRANGER: wrong, **known}


def workbook(_):
    """Return acme's: with a service that nothing calls, and calls of another."""
    hook = Hook((Entry("Logger", "success"),), Origin.API)
    spare = read_service(
        "Spare", PIECES["services/{service}"] | {"actions": {"spare": "/"}}, Origin.API
    )
    whole = pieces.with_service(document(), "Spare", spare)
    for place in (Place(None, "ship", "on-enter"), Place(None, None, "on-enter")):
        whole = pieces.with_hook(whole, place, hook)
    return whole


def things(signed):
    """Keep a listener, an event and a delivery of acme's, and return all their ids."""
    stores = Stores(signed.database)
    listener = a_listener(id=new_id(), project="acme", workbook="orders")
    envelope = an_envelope(uuid.uuid4().hex, project="acme")
    delivery = a_delivery(envelope, listener, state=State.DEAD, due_at=None)
    stores.listeners.add(listener)
    arrived = envelope, datetime.now(UTC)
    signed.journal.write([journal.Entry(arrived, (delivery,))])
    signed.parts.workbooks.change("acme", "orders", workbook)
    token = signed.parts.issuer.issue("acme", Role.READER).token
    signed.parts.quarantine_store.add(stray := a_stray())
    replays, now = signed.parts.replay_store, datetime.now(UTC)
    replay = replays.begin(listener, Wanted(), 1.0, now)
    return {
        "listener_id": listener.id,
        "workbook_name": "orders",
        "workbook": "orders",
        "service": "Spare",
        "action": "spare",
        "task": "ship",
        "moment": "on-enter",
        "event_id": envelope.event.id,
        "delivery_id": delivery.id,
        "replay_id": replay.id,
        "token_id": token.id,
        "message_id": stray.id,
    }


@pytest.mark.parametrize(
    "route", ROUTES, ids=lambda r: f"{r.method} {r.path} {r.query}"
)
def test_everybody_may_do_what_their_role_says_and_nothing_of_others(
    signed, tokens, route
):
    wrong = []
    for access, headers in tokens.items():
        ids = things(signed)
        answer = ask(signed.url, route, ids, {**dict(route.headers), **headers})
        expected = route.expected(access)
        if answer.status_code != expected:
            wrong.append(f"{access}: {answer.status_code}, not {expected}")
        if expected == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        if access in FOREIGN.values() and not route.in_all:
            said = answer.text.replace(ids["workbook_name"], "")
            told = route.path + route.query
            asked = [one for name, one in ids.items() if f"{{{name}}}" in told]
            leaked = [
                one
                for name, one in ids.items()
                if name.endswith("_id") and one in said and one not in asked
            ]
            assert not leaked, answer.text

    assert not wrong, "\n".join(wrong)


def ask(url, route, ids, headers):
    path = f"{route.path}?{route.query}".format_map(ids)
    with requests.request(
        route.method,
        url + path,
        json=route.body,
        headers=headers,
        timeout=10,
        stream=path.startswith("/v1/events/stream"),
    ) as answer:
        if not path.startswith("/v1/events/stream"):
            assert answer.content is not None
        else:
            answer._content = b""
        return answer


def test_no_route_is_left_out(signed, tokens):
    document = requests.get(
        f"{signed.url}/openapi.json", headers=tokens[OWN[Role.READER]], timeout=10
    ).json()
    there = {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }

    assert {(one.method, one.path) for one in ROUTES} | OPEN == set(there)
    for one in ROUTES:
        assert there[one.method, one.path]["security"][0] == {"bearer": [one.role]}
    assert not any("security" in there[one] for one in OPEN)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_open_to_everybody(signed, path):
    assert requests.get(signed.url + path, timeout=10).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/v1/nothing"])
def test_all_else_is_shut_even_what_is_not_there(signed, path):
    assert requests.get(signed.url + path, timeout=10).status_code == 401

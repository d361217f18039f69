# SPDX-License-Identifier: Apache-2.0
"""Requests that nobody would think of, made by schemathesis from the OpenAPI document.

Such a request seldom names what is there, and seldom has all that it takes. So half of
them are sent with ids of what is stored, and with a right body that has some members of
the odd one.
"""

import json
from collections import Counter
from contextlib import contextmanager

import requests
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bridge.model.replay import Wanted
from bridge.store.journal import Entry
from notifier.wire.call import MAX_WAIT
from tests.generated import openapi
from tests.served import ServedApi
from tests.stored import NOW, a_delivery, a_stray, an_attempt, an_envelope
from tests.workbooks import ORDERS, VARS, calling

ENDLESS = "stream_events"
"""This one answers for as long as somebody reads."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TIMEOUT_SECONDS = 20
MOMENT = 0.05

_HOOK = "http://127.0.0.1:9/hook"
_LISTENER = {"events": ["TASK"], "callback": {"url": _HOOK}, "workbook": "orders"}
_SERVICE = calling([])["services"]["Logger"]
RIGHT = {
    "add_listener": _LISTENER,
    "replace_listener": _LISTENER,
    "patch_listener": {},
    "add_workbook_listener": {"webhook": _HOOK},
    "change_workbook_listener": {},
    "apply_workbook": {"workbook": calling("Logger:start"), "vars": {}},
    "put_service": _SERVICE,
    "put_action": {"url": "/start"},
    "put_task_hook": {"Logger:start": "$.execution.error = null"},
    "put_execution_hook": {"Logger:start": "true"},
    "publish_events": json.loads(an_envelope("2").body),
    "add_token": {"role": "reader"},
}
"""For each that takes a body, one that is right."""

_PLACES = {
    "workbook": "orders",
    "workbook_name": "orders",
    "service": "Logger",
    "action": "start",
    "task": "charge",
    "moment": "on-exit",
}
_KEPT = 0.5  # of the odd request's members


def _operations():
    """Return what can be asked and has an end, by name, as schemathesis knows it."""
    document = json.loads(openapi())
    found = schemathesis.openapi.from_dict(document).get_all_operations()
    known = [one.ok() for one in found]
    named = {one.definition.raw["operationId"]: one for one in known}
    return {name: one for name, one in named.items() if name != ENDLESS}


OPERATIONS = _operations()


def fill(api):
    """Store one of each thing; return the parameters of a path that lead there."""
    api.empty()
    listener = _made(api, "listeners", _LISTENER)
    _made(api, "workbooks", {"workbook": ORDERS, "vars": VARS})
    token = _made(api, "tokens", {"role": "reader"})
    envelope = an_envelope()
    kept = api.parts.listener_store.get(None, listener["id"])
    delivery = a_delivery(envelope, kept)
    attempts = (an_attempt(delivery),)
    api.journal.write([Entry((envelope, NOW), (delivery,), attempts)])
    stray = a_stray()
    api.parts.quarantine_store.add(stray)
    replay = api.parts.replay_store.begin(kept, Wanted(), 1.0, NOW)
    return {
        **_PLACES,
        "message_id": stray.id,
        "listener_id": listener["id"],
        "token_id": token["id"],
        "event_id": envelope.event.id,
        "delivery_id": delivery.id,
        "replay_id": replay.id,
    }


@contextmanager
def on_both_databases(postgres, tmp_path):
    """Serve an API on SQLite and one on PostgreSQL, which does not take every text."""
    name = "fuzzed"
    sqlite, postgresql = f"sqlite:///{tmp_path}/x.sqlite3", postgres.schema(name)
    with ServedApi(sqlite) as one, ServedApi(postgresql) as other:
        yield one, other
    postgres.drop_schema(name)


def try_out(name, cases, apis, start):
    """Send each API so many requests of one kind; look at the answers and count them.

    Args:
        name: Of what is asked for: its operationId.
        cases: How many requests.
        apis: Each is sent all of them.
        start: Where chance begins.
    """
    operation, right = OPERATIONS[name], RIGHT.get(name)
    known = {api: fill(api) for api in apis}
    odd = operation.as_strategy()
    if operation.body or list(operation.iter_parameters()):
        odd |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    answered = Counter()

    @seed(start)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(odd, st.booleans(), st.randoms(use_true_random=False))
    def ask(case, is_near, random):
        case.query = _in_haste(case.query)
        for api in apis:
            asked = _near(case, right, known[api], random) if is_near else case
            answer = asked.call(
                base_url=api.url, session=session, timeout=TIMEOUT_SECONDS
            )
            asked.validate_response(answer, checks=CHECKS)
            answered[f"{answer.status_code // 100}xx"] += 1

    with requests.Session() as session:
        ask()
    return answered


def told(answered):
    """Return answers, counted by the hundreds of their status, as figures."""
    kinds = ("2xx", "4xx", "5xx")
    return {f"odd requests to the API: answered {k}": answered[k] for k in kinds}


def _in_haste(query):
    """Return a query that nobody waits a minute for."""
    try:
        waits = MOMENT < float(query["wait"]) <= MAX_WAIT.total_seconds()
    except (KeyError, TypeError, ValueError):
        return query
    return query | {"wait": MOMENT} if waits else query


def _near(case, right, known, random):
    """Return a request that is nearly right."""
    body = case.body
    if right is not None and case.media_type == "application/json":
        given = body if isinstance(body, dict) else {}
        body = right | {k: v for k, v in given.items() if random.random() < _KEPT}
    return case.operation.Case(
        method=case.method,
        path_parameters={
            name: known.get(name, value) for name, value in case.path_parameters.items()
        },
        headers=case.headers,
        query=case.query,
        body=body,
        media_type=case.media_type,
    )


def _made(api, kind, body):
    answer = requests.post(f"{api.url}/v1/{kind}", json=body, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return answer.json()

# SPDX-License-Identifier: Apache-2.0
"""Input that one database takes and another does not, or that nobody can: always a 4xx.

PostgreSQL's texts hold no NUL, its integers 64 bits; SQLite takes both.
"""

import base64
import json
import re
from copy import deepcopy

import pytest
import requests

from notifier.wire import MAX_BODY_BYTES
from tests.fuzzing import OPERATIONS, RIGHT, fill
from tests.served import ServedApi

TIMEOUT_SECONDS = 20
JSON = {"Content-Type": "application/json"}
HOOK = "http://127.0.0.1:9/hook"
LISTENER = {
    "name": "n",
    "description": "d",
    "workbook": "orders",
    "workflow": "w",
    "execution_id": "e",
    "task": "t",
    "events": ["TASK"],
    "when": "true",
    "callback": {
        "url": HOOK,
        "method": "POST",
        "headers": {"X-A": "b"},
        "auth": {"type": "bearer", "token": "abc"},
        "timeout_seconds": 5,
    },
    "retry": {"delays_seconds": [5], "jitter": 0.2},
    "max_in_flight": 5,
    "secret": "whsec_" + "A" * 32,
}
OLD_LISTENER = {"webhook": HOOK, "description": "d", "events": ["TASK"]}
FULL = RIGHT | {
    "add_listener": LISTENER,
    "replace_listener": LISTENER,
    "patch_listener": LISTENER,
    "add_workbook_listener": OLD_LISTENER,
    "change_workbook_listener": OLD_LISTENER,
    "add_token": {"role": "reader", "name": "n", "project": "p", "expires_in_days": 3},
}
"""For each that takes a body one that is right, with as many members as may be."""

NO_STRICT_JSON = {
    "deep": b"[" * 100_000,
    "over 64 levels": b'{"a":' * 70 + b"1" + b"}" * 70,
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "a float over 64 bits": b'{"name": 1e999}',
    "an integer over 64 bits": b'{"name": 9223372036854775808}',
    "a very long integer": b'{"name": ' + b"9" * 5000 + b"}",
    "half a surrogate pair": rb'{"name": "\ud800"}',
    "no UTF-8": b'{"name": "\xff"}',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "cut": b'{"name": "',
}
ODD_URLS = ("%00", "a%0D%0Ab", "%ED%A0%80", "9" * 30)
ODD_TAGS = (b'"' + b"9" * 20 + b'"', b'"' + b"9" * 5000 + b'"', b"\xff")


def cursor(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def its_api(request, tmp_path_factory):
    """An API on each database."""
    name = "nasty"
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("nasty") / "bridge.sqlite3"
        with ServedApi(f"sqlite:///{path}") as api:
            yield api
        return
    postgres = request.getfixturevalue("postgres")
    with ServedApi(postgres.schema(name)) as api:
        yield api
    postgres.drop_schema(name)


@pytest.fixture
def ask(its_api):
    """Asks for an operation, about what is there, and returns the answer."""
    known = fill(its_api)
    session = requests.Session()

    def ask(name, *, path=None, query="", **given):
        operation = OPERATIONS[name]
        path = (operation.path if path is None else path).format(**known)
        return session.request(
            operation.method,
            f"{its_api.url}{path}{query}",
            timeout=TIMEOUT_SECONDS,
            **given,
        )

    with session:
        yield ask


def is_refused(answer):
    return 400 <= answer.status_code < 500


def leaves(value, path=()):
    """Yield the path of each value that holds no others."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in inner:
            yield from leaves(one, (*path, name))
    else:
        yield path, value


def spoiled(value):
    return f"a\0{value}" if isinstance(value, str) else 2**63


def changed(value, path, to):
    """Return a copy with another value at a path."""
    if not path:
        return to
    copy = deepcopy(value)
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return copy


def test_what_is_no_strict_json_is_refused_wherever_json_is_taken(ask):
    taken = [
        (name, kind)
        for name in FULL
        for kind, body in NO_STRICT_JSON.items()
        if not is_refused(ask(name, data=body, headers=JSON))
    ]

    assert taken == []


def test_a_body_over_the_limit_is_refused_wherever_one_is_taken(ask):
    statuses = {}
    for name, right in FULL.items():
        body = json.dumps(right).encode()
        padded = body + b" " * (MAX_BODY_BYTES + 1 - len(body))
        statuses[name] = ask(name, data=padded, headers=JSON).status_code

    assert statuses == dict.fromkeys(FULL, 413)


def test_nul_and_numbers_over_64_bits_are_refused_in_every_member(ask):
    taken = [
        (name, path)
        for name, right in FULL.items()
        for path, value in leaves(right)
        if not is_refused(ask(name, json=changed(right, path, spoiled(value))))
    ]

    assert taken == []


@pytest.mark.parametrize(
    "time",
    [
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
    ],
    ids=["year 10000", "year 10000 in UTC", "year 0 in UTC"],
)
def test_a_time_beyond_all_calendars_is_refused(ask, time):
    event = RIGHT["publish_events"] | {"timestamp": time}

    assert is_refused(ask("publish_events", json=event))
    assert is_refused(ask("find_deliveries", query=f"?after={cursor(time + ' dlv')}"))


def test_a_cursor_with_nul_is_refused(ask):
    after = cursor("2026-11-24T02:10:00Z dlv_\0")

    assert ask("find_deliveries", query=f"?after={after}").status_code == 422


def test_what_a_url_holds_breaks_nothing(ask):
    answers = []
    for name, operation in OPERATIONS.items():
        body, path = FULL.get(name), operation.path
        places = re.findall(r"{\w+}", path)
        queries = [one.name for one in operation.query]
        for odd in ODD_URLS:
            paths = (path.replace(one, odd) for one in places)
            answers += [ask(name, path=one, json=body) for one in paths]
            answers += [ask(name, query=f"?{q}={odd}", json=body) for q in queries]

    assert [one.url for one in answers if one.status_code >= 500] == []


def test_what_a_header_holds_breaks_nothing(ask):
    answers = [
        ask(name, headers={header.name: odd}, json=FULL.get(name))
        for name, operation in OPERATIONS.items()
        for header in operation.headers
        for odd in ODD_TAGS
    ]

    assert [one.text for one in answers if one.status_code >= 500] == []

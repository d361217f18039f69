# SPDX-License-Identifier: Apache-2.0
"""The API of a bridge under many who are slow, and many who want the same."""

import socket
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests import figures
from tests.bridges import BridgeProcess
from tests.served import ServedApi

SLOW = 200
OTHERS = 200
P99_SECONDS = 1
ROUNDS = 3
"""Slow connections would hold up all of them; what else this machine does, one."""
ALIKE = 50
TIMEOUT_SECONDS = 30
LISTENER = {"events": ["TASK"], "callback": {"url": "http://127.0.0.1:9/hook"}}

HEAD = (
    b"POST /v1/listeners HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 1000\r\n"
)
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOWNESS = {
    "says nothing": b"",
    "stops in its headers": HEAD[:-20],
    "stops in its body": HEAD + b"\r\n{",
    "idles after a request": WHOLE,
    "reads no answer": WHOLE * 100,
}


@pytest.fixture
def bridge(tmp_path):
    with BridgeProcess(tmp_path) as bridge:
        yield bridge


def connected(url, says):
    """Connect to the API, and say this much."""
    port = int(url.rpartition(":")[2])
    one = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
    one.sendall(says)
    return one


def took(session, method, url, **given):
    began = time.monotonic()
    answer = session.request(method, url, timeout=TIMEOUT_SECONDS, **given)
    answer.raise_for_status()
    return time.monotonic() - began


def p99_beside_slow_ones(bridge):
    """Return how long others wait for the API, in seconds: 99 in 100 at most so long."""
    listeners = f"{bridge.url}/v1/listeners"
    with ExitStack() as open_, requests.Session() as session:
        for number in range(SLOW):
            says = list(SLOWNESS.values())[number % len(SLOWNESS)]
            open_.enter_context(connected(bridge.url, says))

        times = [took(session, "POST", listeners, json=LISTENER)]
        times += [took(session, "GET", listeners) for _ in range(OTHERS)]
    return statistics.quantiles(times, n=100)[-1]


def test_200_slow_connections_hold_up_nobody_else(bridge):
    for _ in range(ROUNDS):
        p99 = p99_beside_slow_ones(bridge)
        if p99 <= P99_SECONDS:
            break

    figures.note({f"{SLOW} slow connections: p99 of others": f"{p99 * 1000:.0f} ms"})
    assert p99 <= P99_SECONDS


def test_of_50_parallel_creates_of_one_name_one_is_made(database_url):
    def add(_):
        body = {**LISTENER, "name": "ops pager"}
        answer = requests.post(
            f"{api.url}/v1/listeners", json=body, timeout=TIMEOUT_SECONDS
        )
        return answer.status_code

    with ServedApi(database_url) as api, ThreadPoolExecutor(ALIKE) as pool:
        statuses = Counter(pool.map(add, range(ALIKE)))
        found = requests.get(f"{api.url}/v1/listeners", timeout=TIMEOUT_SECONDS).json()

    assert statuses == {201: 1, 409: ALIKE - 1}
    assert len(found["listeners"]) == 1

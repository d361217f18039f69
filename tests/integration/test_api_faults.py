# SPDX-License-Identifier: Apache-2.0
"""The real API when what it stands on fails: it says so, and tells nothing else."""

import pytest
import requests
from sqlalchemy import text

from tests.served import ServedApi

HOOK = "http://127.0.0.1:9/hook"
EVENT = {"type": "execution.started", "id": "1", "data": {"execution": {"id": "e1"}}}


@pytest.fixture
def own(database_url):
    """An API of the test's own, to be harmed."""
    with ServedApi(database_url) as own:
        yield own


def test_a_database_that_fails_is_told_as_passing(own):
    with own.database.write() as connection:
        connection.execute(text("DROP TABLE listeners"))
        connection.execute(text("DROP TABLE events"))

    for method, path, body in (
        ("GET", "/v1/listeners", None),
        ("POST", "/v1/listeners", {"events": ["TASK"], "url": HOOK}),
        ("POST", "/v1/events", EVENT),
        ("GET", "/v1/events/1", None),
    ):
        answer = requests.request(method, own.url + path, json=body, timeout=10)

        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        detail = answer.json()["detail"]
        assert detail.startswith("the database refused: ")
        assert "SELECT" not in detail


def test_a_fault_of_the_bridge_is_a_problem_without_its_cause(database_url, caplog):
    with ServedApi(database_url) as own:
        own.reasons = None  # cannot be listed
        answer = requests.get(f"{own.url}/readyz", timeout=10)

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "the bridge failed; its log says why"
    assert "TypeError" in caplog.text


def test_a_bus_that_is_closed_is_told_with_the_events_concerned(own):
    own.parts.publisher.close()

    answer = requests.post(f"{own.url}/v1/events", json=[EVENT], timeout=10)

    assert answer.status_code == 503
    assert answer.json()["event_ids"] == ["1"]


def test_watchers_see_the_end_when_the_bridge_stops(database_url):
    with ServedApi(database_url) as own:
        answer = requests.get(f"{own.url}/v1/events/stream", stream=True, timeout=10)
        lines = answer.iter_lines(chunk_size=1)
        assert next(lines) == b": watching"

    assert list(lines) == [b""]

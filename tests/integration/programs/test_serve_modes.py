# SPDX-License-Identifier: Apache-2.0
"""``serve --no-api`` and ``--no-worker`` as processes, on RabbitMQ and PostgreSQL."""

import pytest
import requests

from bridge.client import BridgeClient
from tests.acceptance.endpoint import Endpoint
from tests.acceptance.terminals import until
from tests.bridges import BridgeProcess
from tests.integration.commands import notifier_bridge
from tests.served import KEY

EVENT = {
    "type": "task.failed",
    "data": {"execution": {"id": "e1"}, "task": {"name": "charge"}},
}


@pytest.fixture
def start(tmp_path, amqp_url):
    """Start a process of a bridge on one broker and one database."""
    opened = []

    def start(database_url, *options):
        home = tmp_path / str(len(opened))
        home.mkdir()
        bridge = BridgeProcess(
            home,
            amqp_url,
            options=options,
            DATABASE_URL=database_url,
            OS_SECRETS__KEY=KEY,
            OS_CALLBACKS__ALLOW_LOOPBACK="true",
        )
        opened.append(bridge)
        return bridge.__enter__()

    yield start
    for bridge in opened:
        bridge.__exit__()


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


def test_a_listener_of_one_process_is_told_by_the_other(start, postgres_url, endpoint):
    api = start(postgres_url, "--no-worker")
    worker = start(postgres_url, "--no-api")
    with BridgeClient(api.url) as client:
        listener = client.listeners.add({"events": ["TASK"], "url": endpoint.url})
        until(lambda: worker.metric("notifier_bridge_listeners"), (1.0).__eq__)

        client.publish(EVENT)
        came = endpoint.next_event(listener["secret"])
        (delivery,) = until(
            lambda: list(client.deliveries.find(state="delivered")), bool
        )
        client.deliveries.retry(delivery["id"])
        again = endpoint.next_event(listener["secret"])
        pinged = client.listeners.test(listener["id"])

    assert came == again
    assert pinged["outcome"] == "succeeded"
    assert "worker: none here; other bridges deliver" in api.said
    assert f"API: none here; health and metrics at {worker.url}" in worker.said
    for bridge in (api, worker):
        bridge.terminate()
        assert bridge.end() == 0


def test_a_process_without_api_answers_those_who_keep_it_running(start, postgres_url):
    worker = start(postgres_url, "--no-api")

    statuses = {
        path: requests.get(worker.url + path, timeout=10).status_code
        for path in ("/healthz", "/readyz", "/metrics", "/v1/listeners", "/docs")
    }

    assert statuses == {
        **dict.fromkeys(("/healthz", "/readyz", "/metrics"), 200),
        **dict.fromkeys(("/v1/listeners", "/docs"), 404),
    }


def test_a_process_without_worker_has_no_events_to_watch(start, postgres_url):
    api = start(postgres_url, "--no-worker")

    answer = requests.get(f"{api.url}/v1/events/stream", timeout=10)

    assert answer.status_code == 503
    assert "this process takes no events in" in answer.json()["detail"]


def test_a_process_without_worker_tells_when_its_database_does_not_answer(
    start, own_postgres
):
    api = start(own_postgres.url, "--no-worker")

    own_postgres.freeze()
    api.wait_until(lambda: not api.is_ready())
    reasons = requests.get(f"{api.url}/readyz", timeout=10).json()["reasons"]
    own_postgres.thaw()
    api.wait_until_ready()

    assert reasons == ["the database does not answer"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--no-api", "--no-worker"), "nothing is left to run"),
        (("--no-api",), "on RabbitMQ only: without AMQP_URL events pass within one"),
    ],
    ids=["neither", "no broker"],
)
def test_parts_that_make_no_sense_are_refused(tmp_path, options, reason):
    done = notifier_bridge("serve", "--port", "0", *options, HOME=str(tmp_path))

    assert done.returncode == 1
    assert reason in done.stderr
    assert list(tmp_path.iterdir()) == []

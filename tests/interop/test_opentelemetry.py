# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry's own code reads one trace, from the engine to the webhook's receiver."""

import os
import subprocess
import sys
import uuid

import pytest

from bridge.client import BridgeClient
from tests.bridges import BridgeProcess
from tests.collector import Collector
from tests.interop import environment
from tests.pages import Page

PAGE = Page("docs/how-to/tracing.md")
SECRETS = ("s3cr3t-in-the-path", "s3cr3t-in-the-query", "s3cr3t-t0ken", "s3cr3t-header")
RECEIVED = 2
"""Attempts, and so spans of the receiver."""


@pytest.fixture(scope="module")
def story(rabbit, tmp_path_factory):
    """A collector, once all is told: an engine's event, refused once, then taken."""
    name = f"traced-{uuid.uuid4()}"
    amqp_url = rabbit.vhost(name)
    home = tmp_path_factory.mktemp("home")
    with (
        Collector() as collector,
        receiver(collector) as port,
        BridgeProcess(
            home, amqp_url, OS_TRACING__SPANS="otlp", **collector.environment
        ) as bridge,
    ):
        add_listener(bridge, port)
        tell(collector, amqp_url)
        collector.wait_until(lambda spans: count(spans, "receiver") == RECEIVED)
        collector.wait_until(lambda spans: count(spans, "notifier-bridge") == 3)
        yield collector
    rabbit.drop_vhost(name)


class receiver:  # noqa: N801 - a context manager
    """Somebody else's receiver, traced by somebody else's code; gives its port."""

    def __init__(self, collector):
        self._process = subprocess.Popen(
            [environment.PYTHON, environment.HERE / "readers" / "traced_receiver.py"],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                **collector.environment,
                "OTEL_SERVICE_NAME": "receiver",
            },
        )

    def __enter__(self):
        return int(self._process.stdout.readline())

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()


def add_listener(bridge, port):
    path, query, token, header = SECRETS
    with BridgeClient(bridge.url) as client:
        client.listeners.add(
            {
                "events": ["TASK"],
                "retry": {"delays_seconds": [0.1, 0.1], "jitter": 0},
                "callback": {
                    "url": f"http://127.0.0.1:{port}/hooks/{path}?key={query}",
                    "auth": {"type": "bearer", "token": token},
                    "headers": {"X-Key": header},
                },
            }
        )


def tell(collector, amqp_url):
    subprocess.run(
        [sys.executable, "-c", PAGE.block("python engine")],
        env={
            **os.environ,
            **collector.environment,
            "AMQP_URL": amqp_url,
            "OS_TRACING__SPANS": "otlp",
            "OTEL_SERVICE_NAME": "engine",
        },
        check=True,
        timeout=60,
    )


def count(spans, service):
    return sum(one.service == service for one in spans)


def named(story, service, name):
    return [one for one in story.spans if (one.service, one.name) == (service, name)]


def test_one_trace_leads_from_the_engine_to_the_receiver(story):
    (run,) = named(story, "engine", "run fulfil")
    (publish,) = named(story, "engine", "publish workflow.events")
    (process,) = named(story, "notifier-bridge", "process workflow.events")
    attempts = named(story, "notifier-bridge", "POST")
    taken = [one for one in story.spans if one.service == "receiver"]

    assert {one.trace_id for one in story.spans} == {run.trace_id}
    assert publish.parent_id == run.id
    assert process.parent_id == publish.id
    assert [one.parent_id for one in attempts] == [process.id] * RECEIVED
    assert {one.parent_id for one in taken} == {one.id for one in attempts}


def test_each_attempt_tells_how_it_ended(story):
    first, second = named(story, "notifier-bridge", "POST")

    assert (first.is_error, second.is_error) == (True, False)
    assert first.attributes["error.type"] == "503"
    assert first.attributes["http.response.status_code"] == 503
    assert second.attributes["http.response.status_code"] == 204
    assert second.attributes["http.request.resend_count"] == 1
    assert "error.type" not in second.attributes
    assert "http.request.resend_count" not in first.attributes


def test_the_page_tells_every_span_with_its_attributes(story):
    told = {
        name: (kind, set(attributes.replace("`", "").split(", ")))
        for name, kind, attributes in PAGE.table("span", "kind", "attributes")
    }
    ours = [one for one in story.spans if one.name in told]

    for name, (kind, attributes) in told.items():
        mine = [one for one in ours if one.name == name]
        assert {one.kind.lower() for one in mine} == {kind}
        assert set().union(*(one.attributes for one in mine)) == attributes


def test_no_span_holds_a_secret(story):
    ours = story.raw["engine"] + story.raw["notifier-bridge"]

    assert [one for one in SECRETS if one.encode() in ours] == []
    assert SECRETS[0].encode() in story.raw["receiver"]  # they would be found
    attempts = named(story, "notifier-bridge", "POST")
    (url,) = {one.attributes["url.full"] for one in attempts}
    assert url.endswith("/hooks/REDACTED?key=REDACTED")

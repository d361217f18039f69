# SPDX-License-Identifier: Apache-2.0
"""What a bridge serves to describe itself and its events is what it says it is."""

import base64
import json
import re
import subprocess

import pytest
import requests
import yaml

from tests.generated import ROOT
from tests.interop import environment


@pytest.fixture(scope="module")
def served(told):
    """Returns what the bridge answers to a path."""

    def get(path):
        answer = requests.get(told.url + path, timeout=10)
        answer.raise_for_status()
        return answer

    return get


def test_the_description_of_the_api_is_openapi_3_1(served):
    document = served("/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    assert environment.python("openapi.py", document) == []
    assert document == json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))


def test_a_broken_description_of_the_api_is_noticed(served):
    document = served("/openapi.json").json()
    del document["info"]["version"]

    assert environment.python("openapi.py", document)


def test_the_description_of_the_exchange_is_asyncapi_3(served):
    document = served("/asyncapi.json").json()

    read = environment.node("asyncapi.mjs", document)

    assert (read["errors"], read["version"]) == ([], "3.0.0")
    assert set(read["messages"]) == set(document["components"]["messages"])
    assert document == yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))


def test_a_broken_description_of_the_exchange_is_noticed(served):
    document = served("/asyncapi.json").json()
    document["operations"]["tellTasks"]["action"] = "shout"

    assert environment.node("asyncapi.mjs", document)["errors"]


def test_every_event_type_has_a_json_schema_that_its_events_pass(told, served):
    known = served("/schemas/v1").json()
    schemas = {name: served(path).json() for name, path in known.items()}
    body = json.loads(base64.b64decode(told.webhooks["standard"]["body"]))
    lacking = {name: value for name, value in body.items() if name != "data"}

    passes = environment.node(
        "schemas.mjs",
        {
            "schemas": schemas,
            "values": [
                {"name": "task.failed", "value": body},
                {"name": "task.failed", "value": lacking},
                {"name": "task.succeeded", "value": body},
            ],
        },
    )

    assert {"task.failed", "execution.started", "listener.disabled"} <= set(schemas)
    assert {one["$id"] for one in schemas.values()} == set(known.values())
    assert passes == [True, False, False]


def test_metrics_are_named_as_prometheus_wants_them(served):
    metrics = served("/metrics").text
    broken = re.sub(
        r"\bnotifier_bridge_events_total\b", "notifier_bridge_events", metrics
    )

    assert "notifier_bridge_attempt_seconds_bucket" in metrics
    assert promtool(metrics) == ""
    assert "notifier_bridge_events" in promtool(broken)


def promtool(metrics):
    """Return what Prometheus' own linter has to say of metrics."""
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=metrics,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr

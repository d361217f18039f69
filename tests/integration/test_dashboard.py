# SPDX-License-Identifier: Apache-2.0
"""The dashboard in etc/ asks for metrics that a bridge really serves."""

import json
import re

import requests

from bridge.embedded import EmbeddedBridge
from bridge.settings import ApiSettings, DatabaseSettings, SecretSettings, Settings
from tests.pages import ROOT

DASHBOARD = json.loads((ROOT / "etc/grafana/bridge.json").read_text("utf-8"))
OF_COUNTERS = re.compile(r"(rate|increase)\((notifier_bridge_\w+)")


def expressions():
    """Return what the dashboard asks Prometheus for."""
    return [
        target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
    ]


def test_every_metric_of_the_dashboard_is_served(tmp_path):
    settings = Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{tmp_path / 'bridge.sqlite3'}"),
        secrets=SecretSettings(key_file=tmp_path / "bridge.key"),
    )
    with EmbeddedBridge(settings) as bridge:
        text = requests.get(f"{bridge.url}/metrics", timeout=10).text

    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    asked = set(re.findall(r"notifier_bridge_\w+", " ".join(expressions())))
    assert {one.removesuffix("_bucket") for one in asked} <= kinds.keys()
    assert len(asked) > 8


def test_only_what_counts_is_asked_for_its_rate():
    for one in expressions():
        summed = {name for _, name in OF_COUNTERS.findall(one)}
        named = set(re.findall(r"notifier_bridge_\w+", one))

        counts = {name for name in named if name.endswith(("_total", "_bucket"))}
        assert summed == counts, one

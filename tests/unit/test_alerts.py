# SPDX-License-Identifier: Apache-2.0
"""The alert rules ask for metrics that a bridge serves, and lead to runbooks."""

import re

import pytest
import yaml

from bridge.model import OutcomeKind, State
from tests.pages import ROOT, Page

RULES = [
    rule
    for group in yaml.safe_load((ROOT / "etc/prometheus/alerts.yml").read_text())[
        "groups"
    ]
    for rule in group["rules"]
]
# Prometheus' own, and those of RabbitMQ's plugin rabbitmq_prometheus
OF_OTHERS = {"up", "rabbitmq_queue_messages_ready"}
FUNCTIONS = {
    *("sum", "rate", "increase", "deriv", "histogram_quantile", "min_over_time"),
    *("by", "and", "offset", "le"),
}
LABELLED = {"state": {one.value for one in State}, "outcome": {
    one.value for one in OutcomeKind
}}  # fmt: skip


def served():
    """Return the names of the series that operate.md lists; a test holds it to them."""
    told = [
        name for name, _ in Page("docs/how-to/operate.md").table("metric", "counts")
    ]
    return {*told, *(f"{name}_bucket" for name in told)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_it_asks_for_what_is_served(rule):
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"", "", rule["expr"])
    names = set(re.findall(r"[a-z_]{2,}", bare)) - FUNCTIONS

    assert names
    assert names <= served() | OF_OTHERS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_its_labels_can_have_these_values(rule):
    for label, values in re.findall(r'(\w+)!?=~?"([^"]*)"', rule["expr"]):
        if label in LABELLED:
            assert set(values.split("|")) <= LABELLED[label]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_it_leads_to_its_runbook(rule):
    name = re.sub(r"(?<=.)([A-Z])", r"-\1", rule["alert"]).lower()
    path = rule["annotations"]["runbook"]

    assert path == f"docs/runbooks/{name}.md"
    assert Page(path).text.startswith(f"# {rule['alert']}\n")
    assert rule["labels"]["severity"] in ("critical", "warning")


def test_every_runbook_belongs_to_an_alert():
    named = {rule["annotations"]["runbook"] for rule in RULES}
    there = {
        str(file.relative_to(ROOT)) for file in (ROOT / "docs/runbooks").glob("*.md")
    }

    assert there == named
    assert len(there) == 10

# SPDX-License-Identifier: Apache-2.0
"""The linters have nothing to say of what is for Docker, CI and Prometheus."""

import re
import subprocess

import pytest
import yaml

from tests.architecture.tree import ROOT
from tests.box.linters import BIN

WORKFLOW = ROOT / ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    "command",
    [
        (BIN / "hadolint", "Dockerfile"),
        (
            BIN / "check-jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            "compose.yaml",
        ),
        (
            BIN / "check-jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            str(WORKFLOW),
        ),
        ("promtool", "check", "rules", "etc/prometheus/alerts.yml"),
    ],
    ids=["Dockerfile", "compose", "workflow", "alerts"],
)
def test_the_linter_is_content(command):
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_workflow_runs_by_make_is_there():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    runs = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    made = {run.split()[-1] for run in runs if " make " in f" {run}"}

    assert {"check", "test", "test-box"} <= made <= set(targets)


def test_the_workflow_trusts_nobody_with_more_than_it_needs():
    workflow = yaml.safe_load(WORKFLOW.read_text())

    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 45

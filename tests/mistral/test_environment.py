# SPDX-License-Identifier: Apache-2.0
"""To install this project changes nothing of what Mistral had."""

import os
import subprocess

from tests.mistral.conftest import PAGE
from tests.mistral.environment import BEFORE, BIN, pip

OURS = "workflow-notifier"


def test_no_version_of_what_mistral_had_is_changed():
    before = BEFORE.read_text().splitlines()
    after = pip("list", "--format", "freeze").splitlines()

    assert set(before) <= set(after)
    assert any(line.startswith(f"{OURS}==") for line in after)


def test_what_the_page_types_installs_it():
    """Where it is not installed, it would come from the package index."""
    done = subprocess.run(
        ["bash", "-euc", PAGE.block("sh install")],
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Requirement already satisfied: workflow-notifier[mistral]" in done.stdout
    assert "Collecting" not in done.stdout


def test_nothing_in_the_environment_conflicts():
    assert pip("check").strip() == "No broken requirements found."


def test_importing_the_publisher_there_needs_nothing_of_the_bridge():
    code = (
        "import sys, notifier.engines.mistral.publisher as publisher;"
        "publisher.MistralPublisher();"
        "print([n for n in ('bridge', 'fastapi', 'alembic') if n in sys.modules])"
    )
    done = subprocess.run(
        [BIN / "python", "-c", code],
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"

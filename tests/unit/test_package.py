# SPDX-License-Identifier: Apache-2.0
"""What an engine gets when it imports the package."""

import subprocess
import sys

import pytest

import notifier


def test_to_import_the_package_costs_an_engine_next_to_nothing():
    heavy = (
        *("kombu", "amqp", "requests", "oslo_config", "click", "rich", "yaml"),
        *("taskflow", "celery", "oslo_messaging", "sqlalchemy", "bridge", "fastapi"),
        "opentelemetry",
    )
    code = (
        "import sys, time; began = time.process_time(); import notifier;"
        "from notifier import Event, Notifier; spent = time.process_time() - began;"
        f"print([name for name in {heavy} if name in sys.modules], spent < 0.15)"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert answer.stdout == "[] True\n"


def test_the_package_has_no_names_but_its_own():
    with pytest.raises(AttributeError, match="has no attribute 'Nobody'"):
        _ = notifier.Nobody

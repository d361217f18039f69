# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/taskflow.md tells the truth."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from notifier.wire import from_cloudevent
from tests.integration.commands import Running
from tests.integration.flows import story

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "taskflow.md"


def test_the_pages_code_tells_the_pages_events(amqp_url):
    code, events = re.findall(
        r"^```\w*\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    expected = events.splitlines()

    with Running("tail", "--format", "json", AMQP_URL=amqp_url) as tail:
        tail.note()
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "AMQP_URL": amqp_url},
            capture_output=True,
            text=True,
            check=True,
        )
        told = [from_cloudevent(json.loads(tail.line())) for _ in expected]

    assert done.stdout == "failed: card declined\n"
    assert story(told) == expected
    assert {(one.workbook, one.workflow) for one in told} == {("orders", "fulfil")}

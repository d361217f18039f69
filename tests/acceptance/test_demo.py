# SPDX-License-Identifier: Apache-2.0
"""``make demo`` shows the product doing its job, and fails if anything is lost."""

import re
import sys

import pytest

from tests.pages import ROOT
from tests.servers.rabbitmq import find_sbin

DEMO = f"cd '{ROOT}' && '{sys.executable}' -m demo"
# The same demo, with an endpoint that never recovers.
LOSING = f"""cd '{ROOT}' && '{sys.executable}' -c '
import sys
from demo import __main__ as demo
demo.FAILURES, demo.LIMIT_SECONDS = 1000, 2
sys.exit(demo.main())
'"""


def test_it_runs_on_the_rabbitmq_that_amqp_url_names(terminals, amqp_url):
    terminals.environment["AMQP_URL"] = amqp_url

    first, *shown, last = terminals.run(DEMO).splitlines()

    assert first == "bus: RabbitMQ, as AMQP_URL says"
    check(shown, last)


def test_it_starts_a_private_rabbitmq_if_one_is_installed(terminals):
    if find_sbin() is None:
        pytest.fail("RabbitMQ is not installed: python -m tests.servers.install")

    first, *shown, last = terminals.run(DEMO, seconds=60).splitlines()

    assert re.fullmatch(r"bus: RabbitMQ \d+\.\d+, private node", first)
    check(shown, last)


def test_it_does_without_rabbitmq(terminals):
    terminals.environment["RABBITMQ_SBIN"] = "/nowhere"

    first, *shown, last = terminals.run(DEMO).splitlines()

    assert first == "bus: in-process (RabbitMQ not found; set AMQP_URL)"
    check(shown, last)


def test_a_loss_is_told_and_ends_with_1(terminals):
    terminals.environment["RABBITMQ_SBIN"] = "/nowhere"

    done = terminals.attempt(LOSING)

    last = done.stdout.splitlines()[-1]
    assert done.returncode == 1
    assert re.search(r", retried [1-9]\d*, lost 8$", last)


def check(shown, last):
    """Check what is shown of a flow of which a task fails and is undone."""
    right = "published 10, consumed directly 1, delivered 11, retried 2, lost 0"
    assert last == right, "\n".join(shown)
    words = [line.split() for line in shown]
    assert ["direct", "task.failed.#"] in [line[:2] for line in words]
    assert sum(line[0] == "event" for line in words) == 10
    assert sum("signature verified" in line for line in shown) == 11
    assert sum(line[0] == "refused" for line in words) == 2

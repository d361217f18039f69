# SPDX-License-Identifier: Apache-2.0
"""The adapter for Mistral keeps what every adapter has to, on a real engine."""

import pytest

from notifier.engines.conformance import CHECKS, PROJECT, TIMEOUT, Bench
from notifier.engines.conformance.work import WORKS
from tests.amqp_bus import AmqpBus
from tests.mistral.conforming import MistralEngine
from tests.mistral.mistral import Mistral

SETTINGS = """
[engine]
execution_field_size_limit_kb = -1
[workflow_notifier]
url = {url}
project = {project}
timeout_seconds = {seconds}
alone = true
"""


@pytest.fixture(scope="module")
def bench(vhosts, databases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("conformance")
    seconds = TIMEOUT.total_seconds()
    with (
        vhosts() as (rpc, events),
        databases() as database_url,
        AmqpBus(events) as bus,
        Mistral(
            folder,
            rabbit_url=rpc,
            database_url=database_url,
            settings=SETTINGS.format(url=bus.url, project=PROJECT, seconds=seconds),
        ) as mistral,
    ):
        yield Bench(MistralEngine(mistral, WORKS), bus)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_mistral_conforms(check, bench):
    check(bench)

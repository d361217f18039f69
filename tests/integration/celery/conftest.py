# SPDX-License-Identifier: Apache-2.0
"""One real worker for all tests of this folder, on RabbitMQ, and one bus."""

import uuid

import pytest

from notifier.engines.conformance import Bench
from tests.amqp_bus import AmqpBus
from tests.integration.celery.working import Shop, Worker


@pytest.fixture(scope="package")
def vhost(rabbit):
    name = f"celery-{uuid.uuid4()}"
    yield rabbit.vhost(name)
    rabbit.drop_vhost(name)


@pytest.fixture(scope="package")
def bus(vhost):
    with AmqpBus(vhost) as bus:
        yield bus


@pytest.fixture(scope="package")
def results(tmp_path_factory):
    return f"file://{tmp_path_factory.mktemp('results')}"


@pytest.fixture(scope="package")
def worker(vhost, bus, results):
    """A worker that forks, whose events go to the bus."""
    with Worker(vhost, results, bus.url, "--pool=prefork", "--concurrency=2") as worker:
        yield worker


@pytest.fixture(scope="package")
def bench(shop, bus):
    return Bench(shop, bus)


@pytest.fixture(scope="package")
def shop(worker, bus):
    """Who sends tasks to the worker, and knows nothing of events."""
    with Shop(worker, bus) as shop:
        yield shop

# SPDX-License-Identifier: Apache-2.0
"""A Mistral whose events go to a broker, a bridge there, and the witnesses."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bridges import BridgeProcess
from tests.conftest import private_cluster
from tests.mistral import environment
from tests.mistral.mistral import Mistral
from tests.mistral.witness import BusWitness, HookWitness
from tests.servers.postgresql import PostgresCluster

WORKFLOWS = Path(__file__).with_name("workflows.yaml")
WORKBOOK = Path(__file__).with_name("workbook.yaml")

# So that a webhook hears of an event that failed at first while a test still waits.
SOON = {"delays_seconds": [1] * 20, "jitter": 0}


@dataclass(frozen=True, slots=True)
class Stage:
    """A Mistral, and who hears of what it does."""

    mistral: Mistral
    bus: BusWitness
    hook: HookWitness


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    environment.main()


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgresCluster]:
    """A private PostgreSQL for the databases of Mistrals, each of which has many pools."""
    with private_cluster(fsync=False, max_connections="300") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def staged(rabbit, cluster, tmp_path_factory):
    """Put a Mistral on a stage of its own: virtual hosts, database, bridge, witnesses."""

    @contextmanager
    def stage(**members):
        name = f"mistral_{uuid.uuid4().hex}"
        folder = tmp_path_factory.mktemp("mistral")
        rpc, events = rabbit.vhost(f"{name}_rpc"), rabbit.vhost(f"{name}_events")
        settings = f"[workflow_notifier]\nurl = {events}\n{members.pop('settings', '')}"
        with ExitStack() as stack:
            bus = stack.enter_context(BusWitness(events))
            hook = stack.enter_context(HookWitness())
            bridge = stack.enter_context(BridgeProcess(folder, events))
            bridge.add_listener(hook.url, events=["EXECUTION", "TASK"], retry=SOON)
            mistral = stack.enter_context(
                Mistral(
                    folder,
                    rabbit_url=rpc,
                    database_url=cluster.database(name),
                    settings=settings,
                    **members,
                )
            )
            mistral.define(WORKFLOWS.read_text())
            mistral.define(WORKBOOK.read_text(), "workbooks")
            yield Stage(mistral, bus, hook)
        rabbit.drop_vhost(f"{name}_rpc")
        rabbit.drop_vhost(f"{name}_events")
        cluster.drop_database(name)

    return stage


@pytest.fixture(scope="session")
def stage(staged) -> Iterator[Stage]:
    """One engine that tells what happens itself: ``type = local``."""
    with staged(settings="alone = true\n") as stage:
        yield stage

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
from tests.pages import Page
from tests.servers.postgresql import PostgresCluster

WORKFLOWS = Path(__file__).with_name("workflows.yaml")
WORKBOOK = Path(__file__).with_name("workbook.yaml")
PAGE = Page("docs/how-to/mistral.md")
WORKBOOKS = Page("docs/how-to/workbooks.md")

# So that a webhook hears of an event that failed at first while a test still waits.
SOON = {"delays_seconds": [1] * 20, "jitter": 0}


@dataclass(frozen=True, slots=True)
class Stage:
    """A Mistral, and who hears of what it does."""

    mistral: Mistral
    bridge: BridgeProcess
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
def databases(cluster, tmp_path_factory):
    """Lend a Mistral a database of its own: a copy of one that is made ready once."""
    folder = tmp_path_factory.mktemp("database")
    url = cluster.database("prepared")
    Mistral(folder, rabbit_url="amqp://", database_url=url).prepare_database()

    @contextmanager
    def database():
        name = f"mistral_{uuid.uuid4().hex}"
        yield cluster.database(name, like="prepared")
        cluster.drop_database(name)

    return database


@pytest.fixture(scope="session")
def vhosts(rabbit):
    """Lend virtual hosts: for Mistral's own messages, and for events."""

    @contextmanager
    def vhosts():
        names = [f"mistral_{uuid.uuid4().hex}_{part}" for part in ("rpc", "events")]
        yield [rabbit.vhost(name) for name in names]
        for name in names:
            rabbit.drop_vhost(name)

    return vhosts


@pytest.fixture(scope="session")
def staged(vhosts, databases, tmp_path_factory):
    """Put a Mistral on a stage of its own: virtual hosts, database, bridge, witnesses.

    ``{events}`` in its settings is the URL of a broker for events alone. Where it is not
    there, they go over Mistral's own.
    """

    @contextmanager
    def stage(*, settings, **members):
        folder = tmp_path_factory.mktemp("mistral")
        with ExitStack() as stack:
            rpc, events = stack.enter_context(vhosts())
            if "{events}" not in settings:
                events = rpc
            bus = stack.enter_context(BusWitness(events))
            hook = stack.enter_context(HookWitness())
            bridge = stack.enter_context(BridgeProcess(folder, events))
            bridge.add_listener(hook.url, events=["EXECUTION", "TASK"], retry=SOON)
            mistral = stack.enter_context(
                Mistral(
                    folder,
                    rabbit_url=rpc,
                    database_url=stack.enter_context(databases()),
                    settings=settings.replace("{events}", events),
                    **members,
                )
            )
            mistral.define(WORKFLOWS.read_text())
            mistral.define(WORKBOOK.read_text(), "workbooks")
            yield Stage(mistral, bridge, bus, hook)

    return stage


@pytest.fixture(scope="session")
def stage(staged) -> Iterator[Stage]:
    """A Mistral that is set up as the pages say, with one engine."""
    blocks = [*WORKBOOKS.blocks("ini mistral.conf"), *PAGE.blocks("ini mistral.conf")]
    settings = "".join(block.text for block in blocks)
    settings = settings.replace("amqp://mistral:password@broker/events", "{events}")
    with staged(settings=f"{settings}alone = true\n", notify=()) as stage:
        yield stage

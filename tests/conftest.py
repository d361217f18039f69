# SPDX-License-Identifier: Apache-2.0
"""The servers that tests ask for, and how the run speaks of what it left out."""

import os
import signal
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.servers import postgresql, rabbitmq
from tests.servers.foreign import ForeignBroker
from tests.servers.postgresql import PostgresCluster
from tests.servers.rabbitmq import RabbitNode
from tests.servers.shared import SharedDatabase

LEFT_OUT = "left out"
"""So the run speaks of tests that it skips, or expects to fail."""

_EVERYTHING_IS_REQUIRED = (
    os.environ.get("CI") == "true" or os.environ.get("REQUIRE_ALL") == "1"
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it runs in the background ignore Ctrl-C, and so would all the
    # commands that tests start, and then interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

for _profile, _examples in {"brief": 15, "usual": 50, "thorough": 2000}.items():
    # a noisy machine is no failure of a property
    settings.register_profile(
        _profile, deadline=None, max_examples=_examples, print_blob=True
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


@pytest.fixture(scope="session")
def rabbit(request: pytest.FixtureRequest) -> Iterator[RabbitNode | ForeignBroker]:
    """The RabbitMQ of this run: ``AMQP_URL``, else a private node. Do not harm it."""
    url = os.environ.get("AMQP_URL")
    if url is None:
        with private_node() as node:
            yield node
        return
    broker = ForeignBroker(url)
    if not broker.gives_vhosts:
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line("AMQP_URL: no management API; all tests share its vhost")
    yield broker


@pytest.fixture(scope="session")
def harmed_rabbit(request: pytest.FixtureRequest) -> Iterator[RabbitNode]:
    """A private node for all tests that harm theirs; each leaves it as it was."""
    node = request.getfixturevalue("rabbit")
    if isinstance(node, RabbitNode):
        yield node
    else:
        with private_node() as node:
            yield node


@pytest.fixture
def own_rabbit(harmed_rabbit: RabbitNode) -> Iterator[RabbitNode]:
    """A private node for one test, to be killed and frozen."""
    yield harmed_rabbit
    harmed_rabbit.reset()


@pytest.fixture
def amqp_url(rabbit: RabbitNode | ForeignBroker) -> Iterator[str]:
    """URL of a virtual host of the test's own."""
    name = f"test-{uuid.uuid4()}"
    yield rabbit.vhost(name)
    rabbit.drop_vhost(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[SharedDatabase]:
    """The PostgreSQL of this run: ``DATABASE_URL``, else a private one. Do not harm it."""
    url = os.environ.get("DATABASE_URL")
    if url is not None:
        yield SharedDatabase(url)
        return
    # a server whose clock is not UTC's finds out who relies on that
    with private_cluster(fsync=False, timezone="Asia/Kolkata") as cluster:
        yield SharedDatabase(cluster.url)


@pytest.fixture
def own_postgres() -> Iterator[PostgresCluster]:
    """A private cluster for one test, to be killed and frozen (about 1 s)."""
    with private_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres: SharedDatabase) -> Iterator[str]:
    """URL of a schema of the test's own, with nothing in it."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.schema(name)
    postgres.drop_schema(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of the test's own, on each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bridge.sqlite3"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Let a test fail that is left out, where everything is required.

    Then it is among the failed ones also for who tries those again.
    """
    report = yield
    _refuse_to_leave_out(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    """Let a file fail that leaves itself out, where everything is required."""
    report = yield
    _refuse_to_leave_out(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Say aloud, at the very end, that tests were left out; ``-ra`` says which."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    kinds = ("skipped", "xfailed")
    count = sum(len(reporter.stats.get(kind, [])) for kind in kinds)
    if count:
        reporter.write_line(f"{LEFT_OUT}: {count} tests, see above", red=True)


def _refuse_to_leave_out(report: Any) -> None:
    if _EVERYTHING_IS_REQUIRED and report.skipped:
        reason = getattr(report, "wasxfail", None) or report.longrepr[2]
        report.longrepr = f"{LEFT_OUT}: {report.nodeid}: {reason}"
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)


def private_node() -> RabbitNode:
    """Return a node, not started yet."""
    try:
        return RabbitNode()
    except rabbitmq.NotInstalled as err:
        pytest.fail(str(err), pytrace=False)


def private_cluster(**members: Any) -> PostgresCluster:
    """Return a cluster, not started yet; see `PostgresCluster`."""
    try:
        return PostgresCluster(**members)
    except postgresql.NotInstalled as err:
        pytest.fail(str(err), pytrace=False)

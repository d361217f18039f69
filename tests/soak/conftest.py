# SPDX-License-Identifier: Apache-2.0
"""How much is to be done, and the table of what came out."""

import os
from collections import Counter

import pytest

from tests import figures
from tests.soak.extent import EXTENT, Extent

_ROWS = pytest.StashKey()


def pytest_configure(config):
    try:
        config.stash[EXTENT] = Extent.of(os.environ.get("SOAK", ""))
    except ValueError as err:
        raise pytest.UsageError(str(err)) from err
    config.stash[_ROWS] = {}


@pytest.fixture(scope="session")
def extent(pytestconfig):
    """How much is to be done (`Extent`), and where chance begins."""
    return pytestconfig.stash[EXTENT]


@pytest.fixture
def note(request):
    """Puts figures, name to value, into the table and into docs/reliability.md."""
    rows = request.config.stash[_ROWS].setdefault(request.function.__name__, {})

    def note(figured):
        rows.update(figured)
        figures.note(figured, figures.SOAK)

    return note


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """Print one table of what was promised and measured, and how to do it again."""
    lines = list(_table(_ran(terminalreporter), config.stash[_ROWS]))
    width = max((len(name) for name, _ in lines), default=0)
    for name, figure in lines:
        terminalreporter.write_line(f"{name:{width}}  {figure}")
    terminalreporter.write_line(f'the same again: SOAK="{config.stash[EXTENT]}"')


def _ran(terminalreporter):
    """Return the reports of what ran, by the test's name; a test may have many cases."""
    ran = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            if report.when == "call" or outcome == "error":
                name = report.nodeid.partition("::")[2].partition("[")[0]
                ran.setdefault(name, []).append(report)
    return ran


def _table(ran, rows):
    for name, reports in ran.items():
        counts = Counter(report.outcome for report in reports)
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        took = sum(report.duration for report in reports)
        promise = name.removeprefix("test_").replace("_", " ")
        yield promise, f"{said}, {figures.seconds(took)}"
        for figure, measured in rows.get(name, {}).items():
            yield f"    {figure}", measured

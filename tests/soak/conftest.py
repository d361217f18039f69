# SPDX-License-Identifier: Apache-2.0
"""How much is to be done, and the table of what came out."""

import os

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
def note(pytestconfig):
    """Puts figures, name to value, into the table and into docs/reliability.md."""

    def note(rows):
        pytestconfig.stash[_ROWS].update(rows)
        figures.note(rows, figures.SOAK)

    return note


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """Print the table, and how to do the same again."""
    rows = config.stash[_ROWS]
    width = max(map(len, rows), default=0)
    for name, figure in rows.items():
        terminalreporter.write_line(f"{name:{width}}  {figure}")
    terminalreporter.write_line(f'the same again: SOAK="{config.stash[EXTENT]}"')

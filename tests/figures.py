# SPDX-License-Identifier: Apache-2.0
"""What tests have measured in their last run; for docs/reliability.md.

Tests note figures in ``.run/figures.json``; ``python -m tests.figures`` takes them over
into the page, which otherwise keeps those of the run that somebody looked at.
"""

import fcntl
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".run" / "figures.json"
PAGE = ROOT / "docs" / "reliability.md"
SECTION = "\n## Figures\n"


def known():
    """Return name to figure, as far as there are any."""
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}


def note(figures):
    """Keep figures, name to text, over those of an earlier run."""
    FILE.parent.mkdir(exist_ok=True)
    texts = {name: str(figure) for name, figure in figures.items()}
    with FILE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in lanes
        text = json.dumps(known() | texts, indent=2, sort_keys=True)
        FILE.write_text(text + "\n", "utf-8")


def seconds(value):
    """Return a time as it stands in the page."""
    return f"{value:.1f} s"


def section():
    """Return the section of the page that tells the figures."""
    rows = "\n".join(f"| {name} | {figure} |" for name, figure in known().items())
    return (
        f"{SECTION}\nWhat the tests measured in their last run; `python -m "
        f"tests.figures` writes it here. {datetime.now(UTC):%Y-%m-%d}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, other tests "
        f"beside: an idle machine is two to three times as fast. The outages last some "
        f"seconds, that of the stopped database half a minute.\n\n"
        f"| figure | measured |\n| --- | --- |\n{rows}\n"
    )


def main():
    """Bring the page up to date."""
    text = PAGE.read_text("utf-8").partition(SECTION)[0]
    PAGE.write_text(text + section(), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()

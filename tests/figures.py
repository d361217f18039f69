# SPDX-License-Identifier: Apache-2.0
"""What tests have measured in their last run; for docs/reliability.md.

Tests note figures in ``.run/figures.json``, those of ``make soak`` in ``.run/soak.json``;
``python -m tests.figures`` takes them over into the page, which otherwise keeps those of
the run that somebody looked at.
"""

import fcntl
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
USUAL = ROOT / ".run" / "figures.json"
SOAK = ROOT / ".run" / "soak.json"
PAGE = ROOT / "docs" / "reliability.md"
SECTIONS = {
    SOAK: (
        "\n## Figures of the soak\n",
        "What `make soak` measured in its last run",
        "Published at the pace that is asked for, not as fast as may be.",
    ),
    USUAL: (
        "\n## Figures\n",
        "What the tests measured in their last run",
        "The outages last some seconds.",
    ),
}
"""File to title, first and last words; the last in the page first."""


def known(file):
    """Return name to figure, as far as there are any."""
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def note(figures, file=USUAL):
    """Keep figures, name to text, over those of an earlier run."""
    file.parent.mkdir(exist_ok=True)
    texts = {name: str(figure) for name, figure in figures.items()}
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in lanes
        text = json.dumps(known(file) | texts, indent=2, sort_keys=True)
        file.write_text(text + "\n", "utf-8")


def seconds(value):
    """Return a time as it stands in the page."""
    return f"{value:.1f} s"


def section(file, title, first, last):
    """Return a section of the page that tells figures."""
    rows = "\n".join(f"| {name} | {figure} |" for name, figure in known(file).items())
    return (
        f"{title}\n{first}; `python -m tests.figures` writes it here. "
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, other tests beside: an idle machine is two to "
        f"three times as fast. {last}\n\n| figure | measured |\n| --- | --- |\n{rows}\n"
    )


def main():
    """Bring the page up to date, as far as there is something new."""
    text = PAGE.read_text("utf-8")
    after = ""
    for file, (title, first, last) in SECTIONS.items():
        text, found, rest = text.partition(title)
        is_new = bool(known(file))
        kept = section(file, title, first, last) if is_new else found + rest
        after = kept + after
    PAGE.write_text(text + after, "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()

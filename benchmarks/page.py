# SPDX-License-Identifier: Apache-2.0
"""``docs/benchmarks.md``: the tables, and what is needed to judge them."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.environment import ROOT
from benchmarks.rounds import Record
from benchmarks.table import aims, notes, table

PAGE: Final = ROOT / "docs" / "benchmarks.md"

_TEXT: Final = """# Benchmarks

Written by `make bench`; do not edit. The bridge beside what others would build: each takes
the same events of 1 KB from a queue on the same broker, looks up who listens, signs, posts
to the same receiver, and acks after the answer. They take turns, {rounds} rounds each, on a
machine that does nothing else if it can be helped; each figure is the median of the rounds
that count. Look at ratios: on another machine, or beside other work, all figures move.
{caution}
{table}

{notes}
- **events/s**: a backlog drained, counted from a tenth of it on, so that start-up is left out.
- **client, broker, database µs**: user and system CPU time an event, of all processes of that
  part. The bridge alone uses a database: it records each event with its body, each delivery and
  each attempt, and acks after the commit. No peer keeps a record, tries again on a schedule, or
  looks where a URL leads.
- **memory**: the peak, all processes of the client together.
- **p50 / p99**: from the publisher to the receiver, at a steady rate. A dash: the contender carries
  less than that rate, or only just.
- **duplicates, lost**: over all rounds. A round with a request too many or too few, or with an
  event left unacked, is rejected.

## Aims

The bridge as `{ours}`, beside the others.

{aims}

## What was measured

{machine}

The queue is durable and classic, as not all peers can read another one; the bridge's own
default is a quorum queue. RabbitMQ runs with one scheduler. PostgreSQL has `fsync` and
`synchronous_commit` on, SQLite `synchronous = FULL`. The bridge has its defaults, but for
`[callbacks] client` and `[bus] queue_type`; peers prefetch 500 and hold 64 connections where
they let one say so. The backlog was {backlog:,} events, less for the slower ones.
{receiver} Delays are measured by a receiver of this project's.

`make bench` takes about a quarter of an hour, `make bench BENCH=brief` half of that, with shorter
backlogs; `make bench BENCH=smoke` two minutes: one round, nothing written here. All install the
peers into `.venv-peers`.
"""


def text(
    records: Sequence[Record],
    *,
    ours: str,
    rates: Sequence[int],
    rounds: int,
    backlog: int,
    versions: Mapping[str, str | None],
) -> str:
    """Return the page.

    Args:
        records: Of all contenders, the losing ones too.
        ours: The one whose aims are told.
        rates: At which delays were measured.
        rounds: How many each had.
        backlog: Of the quickest.
        versions: Of all that took part.
    """
    said = notes(records)
    nginx = versions.get("nginx")
    return _TEXT.format(
        caution=caution(os.getloadavg()[2], os.cpu_count() or 1),
        table=table(records, rates),
        notes=f"{said}\n\n" if said else "",
        aims=aims(records, ours, rates),
        ours=ours,
        rounds=rounds,
        backlog=backlog,
        machine=machine(versions),
        receiver="nginx answers 204."
        if nginx
        else "No nginx was to be had: the "
        "receiver of a backlog is this project's too, and takes more of the machine.",
    )


def caution(load: float, cores: int) -> str:
    """Return what to say of a machine that did something else as well, if it did."""
    if load <= cores + 1:  # the broker, the receiver and one contender
        return ""
    return (
        f"\n**The machine was busy with other work: load {load:.1f} on {cores} cores.** "
        "Events a second and\ndelays say little then, and processor times are those of "
        "crowded caches. Measure again when it\nis idle.\n"
    )


def machine(versions: Mapping[str, str | None]) -> str:
    """Return date, machine and versions, as a list."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    others = ", ".join(f"{name} {one}" for name, one in versions.items() if one)
    day, ours = f"{datetime.now(UTC):%Y-%m-%d}", _own_version()
    model_name = model[1] if model else platform.machine()
    system = f"{platform.system()} {platform.release()}"
    return (
        f"- {day}, workflow-notifier {ours}\n"
        f"- {os.cpu_count()} cores ({model_name}), {pages / 2**30:.0f} GiB, {system}; load "
        f"{os.getloadavg()[2]:.1f} over the last quarter of an hour\n"
        f"- Python {platform.python_version()}, {others}"
    )


def _own_version() -> str:
    # the checkout may be somebody else's: git would refuse to look at it
    git = ["git", "-c", "safe.directory=*", "rev-parse", "--short", "HEAD"]
    said = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    commit = f" ({said.stdout.strip()})" if said.returncode == 0 else ""
    return version("workflow-notifier") + commit

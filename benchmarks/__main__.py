# SPDX-License-Identifier: Apache-2.0
"""The bridge and its peers, side by side: ``python -m benchmarks [brief|smoke]``.

Prints one table, and writes ``docs/benchmarks.md`` unless it is a smoke run or one of
chosen contenders: ``--only SQLite --only mq-bridge``.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from benchmarks import environment, page
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.measuring import Servers, delays, drain
from benchmarks.receiver import Receiver
from benchmarks.rounds import Record, keeps_up
from benchmarks.table import aims, notes, table
from tests.servers import install, nginx
from tests.servers.nginx import NginxReceiver
from tests.servers.postgresql import PostgresCluster
from tests.servers.rabbitmq import RabbitNode


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: Of each contender, in turn.
        backlog: Events for the quickest.
        rates: At which delays are measured, in events a second.
        seconds: At each rate.
    """

    rounds: int
    backlog: int
    rates: tuple[int, ...]
    seconds: float


PLANS: Final = {
    "full": Plan(rounds=3, backlog=20_000, rates=(200, 2000), seconds=3.0),
    "brief": Plan(rounds=3, backlog=8000, rates=(200, 2000), seconds=1.0),
    "smoke": Plan(rounds=1, backlog=2000, rates=(200,), seconds=1.0),
}


def main() -> int:
    """Measure what the command line says; return 1 where a round was rejected."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("plan", choices=PLANS, nargs="?", default="full")
    parser.add_argument("--only", action="append", help="part of a name, as it is told")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # end what was started
    plan = PLANS[given.plan]
    chosen = [
        one
        for one in CONTENDERS
        if not given.only or any(part in one.name for part in given.only)
    ]
    if install.main(_needs()):
        return 1
    environment.prepare()
    with ExitStack() as stack:
        rabbit = stack.enter_context(RabbitNode(plugins=()))
        servers = Servers(rabbit, stack.enter_context(PostgresCluster()))
        receiver = stack.enter_context(_receiver())
        records = run(chosen, plan, servers, receiver)
        servers_versions = {
            "RabbitMQ": rabbit.version,
            "PostgreSQL": servers.postgres.version,
            "nginx": receiver.version,
        }
    print(f"\n{table(records, plan.rates)}\n{notes(records)}")
    ours = chosen[0].name
    if chosen[0].is_ours:
        print(f"\n{aims(records, ours, plan.rates)}")
    if given.plan != "smoke" and not given.only:
        packages = sorted({one for each in chosen for one in each.packages})
        text = page.text(
            records,
            ours=ours,
            rates=plan.rates,
            rounds=plan.rounds,
            backlog=plan.backlog,
            versions=servers_versions | environment.versions(packages),
        )
        page.PAGE.write_text(text, "utf-8")
        print(f"\nwritten to {page.PAGE.relative_to(environment.ROOT)}")
    return 1 if any(one.rejected for one in records) else 0


def run(
    contenders: Sequence[Contender],
    plan: Plan,
    servers: Servers,
    receiver: NginxReceiver | Receiver,
) -> list[Record]:
    """Let all contenders have their rounds, in turn."""
    records = {
        one.name: Record(one.name, is_ours=one.is_ours, absent=missing(one))
        for one in contenders
    }
    for number in range(plan.rounds):
        for one in contenders:
            record = records[one.name]
            if record.absent:
                continue
            later = one_round(one, record, plan, servers, receiver)
            records[one.name] = later
            print(f"round {number + 1}, {told(record, later)}", flush=True)
    return list(records.values())


def one_round(
    contender: Contender,
    record: Record,
    plan: Plan,
    servers: Servers,
    receiver: NginxReceiver | Receiver,
) -> Record:
    """Return what was known, and what one more round has shown."""
    try:
        drained = drain(contender, servers, receiver, plan.backlog)
        record = replace(record, drains=[*record.drains, drained])
        rates = [rate for rate in plan.rates if keeps_up(drained, rate)]
        if rates:
            late = delays(contender, servers, rates, plan.seconds)
            record = replace(record, delays=[*record.delays, *late])
    # a bridge or a wait that fails, and a program that does not end
    except (AssertionError, OSError, subprocess.SubprocessError) as err:
        record = replace(record, broken=[*record.broken, str(err)])
    return record


def told(before: Record, after: Record) -> str:
    """Return what a round has shown, for whoever waits."""
    said = [
        f"{one.rate:,.0f} events/s, {one.client_micros:.0f} µs"
        for one in after.drains[len(before.drains) :]
    ]
    said += [
        f"p99 {one.share(99):.1f} ms at {one.rate}/s"
        for one in after.delays[len(before.delays) :]
    ]
    said += after.rejected[len(before.rejected) :]
    return f"{after.name}: {', '.join(said)}"


def missing(contender: Contender) -> str:
    """Return what a contender lacks; empty: nothing."""
    found = environment.versions(contender.packages)
    lacking = [name for name in contender.packages if name not in found]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def _needs() -> Sequence[install.Need]:
    may_install = os.geteuid() == 0 and shutil.which("apt-get") is not None
    return (*install.NEEDS, install.WEB_SERVER) if may_install else install.NEEDS


def _receiver() -> NginxReceiver | Receiver:
    return Receiver() if nginx.find_binary() is None else NginxReceiver()


if __name__ == "__main__":
    sys.exit(main())

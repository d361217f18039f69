# SPDX-License-Identifier: Apache-2.0
"""Installs the servers that the tests need, where they are missing.

Run as ``python -m tests.servers.install``. Needs Debian or Ubuntu and root; the
command is printed first. No system service is running afterwards: the tests start
private servers of their own.
"""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import nginx, postgresql, rabbitmq


@dataclass(frozen=True, slots=True)
class Need:
    """A server that the tests need.

    Attributes:
        name: As people write it.
        packages: Debian's, which bring it.
        find: Returns where it is, or None.
        variable: Of the environment; names one to use for tests that harm none. Empty:
            there is none.
    """

    name: str
    packages: Sequence[str]
    find: Callable[[], Path | None]
    variable: str = ""


def in_path(command: str) -> Callable[[], Path | None]:
    """Return what looks for a command where a shell would."""

    def find() -> Path | None:
        found = shutil.which(command)
        return None if found is None else Path(found)

    return find


NEEDS: Final = (
    Need("RabbitMQ", ("rabbitmq-server",), rabbitmq.find_sbin, "AMQP_URL"),
    Need("PostgreSQL", ("postgresql",), postgresql.find_binaries, "DATABASE_URL"),
    Need("a C compiler", ("gcc", "libc6-dev"), in_path("cc")),
    Need("zsh", ("zsh",), in_path("zsh")),
    Need("fish", ("fish",), in_path("fish")),
)

WEB_SERVER: Final = Need("nginx", ("nginx",), nginx.find_binary)
"""Answers the webhooks of benchmarks; no test needs it."""

PROMTOOL: Final = Need("promtool", ("prometheus",), in_path("promtool"))
"""Checks alert rules and metrics; only `make test-box` and `test-interop` need it."""

# The users that Debian's packages run their services as.
SERVICE_USERS: Final = ("rabbitmq", "epmd", "postgres", "prometheus", "www-data")

POLICY: Final = Path("/usr/sbin/policy-rc.d")
_FORBID: Final = "#!/bin/sh\nexit 101\n"
_FORBIDDEN: Final = 101

_APT: Final = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")


def main(needs: Sequence[Need] = NEEDS) -> int:
    """Install what is missing; return an exit status."""
    missing = [need for need in needs if need.find() is None]
    if not missing:
        return 0
    names = " and ".join(need.name for need in missing)
    are = "is" if len(missing) == 1 else "are"
    packages = [package for need in missing for package in need.packages]
    commands = (
        [*_APT, "update"],
        [*_APT, "install", "-y", "--no-install-recommends", *packages],
    )
    lines = "\n".join(f"  {shlex.join(command)}" for command in commands)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        named = [need.variable for need in missing if need.variable]
        instead = (
            ": those that kill or freeze a server a private one, all others what "
            f"{' and '.join(named)} of the environment may name, else a private one too"
        )
        print(
            f"{names} {are} not installed, and the tests need that"
            f"{instead if named else ''}. On Debian or Ubuntu, as root:\n{lines}",
            file=sys.stderr,
        )
        return 0 if all(one in os.environ for one in named) else 1
    print(f"{names} {are} not installed; installing (about a minute):\n{lines}")
    sys.stdout.flush()
    before = service_processes()
    with services_kept_off():
        for command in commands:
            install(command)
    started = service_processes().keys() - before.keys()
    if started:
        print(f"a system service was started: pids {sorted(started)}", file=sys.stderr)
        return 1
    return 0


def install(command: list[str]) -> None:
    """Run one command of apt-get, quiet unless it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}\n{shlex.join(command)}: {done.returncode}")


@contextmanager
def services_kept_off(policy: Path = POLICY) -> Iterator[None]:
    """Keep packages from starting their services meanwhile.

    They ask `policy`. One that is there already and says no is left alone, any other is
    set aside and put back.
    """
    if _forbids(policy):
        yield
        return
    aside = policy.with_name(f"{policy.name}.workflow-notifier")
    existed = policy.exists()
    if existed:
        policy.rename(aside)
    try:
        policy.write_text(_FORBID)
        policy.chmod(0o755)
        yield
    finally:
        policy.unlink(missing_ok=True)
        if existed:
            aside.rename(policy)


def service_processes() -> Mapping[int, str]:
    """Return the processes of the packages' own users, pid to user."""
    users = {}
    for name in SERVICE_USERS:
        try:
            users[pwd.getpwnam(name).pw_uid] = name
        except KeyError:  # not installed yet
            continue
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            owner = process.stat().st_uid
        except FileNotFoundError:  # ended meanwhile
            continue
        if owner in users:
            found[int(process.name)] = users[owner]
    return found


def _forbids(policy: Path) -> bool:
    if not policy.exists():
        return False
    asked = subprocess.run([policy, "rabbitmq-server", "start"], check=False)
    return asked.returncode == _FORBIDDEN


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Installs the servers that the tests need, where they are missing.

Run as ``python -m tests.servers.install``. Needs Debian or Ubuntu and root; the
command is printed first. No system service is running afterwards: the tests start
private nodes of their own.
"""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers.rabbitmq import find_sbin

PACKAGES: Final = {"rabbitmq": ("rabbitmq-server",)}
"""Server to the Debian packages that bring it."""

# The users that Debian's packages run their services as.
SERVICE_USERS: Final = ("rabbitmq", "epmd")

POLICY: Final = Path("/usr/sbin/policy-rc.d")
_FORBID: Final = "#!/bin/sh\nexit 101\n"
_FORBIDDEN: Final = 101

_APT: Final = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")


def main() -> int:
    """Install what is missing; return an exit status."""
    if find_sbin() is not None:
        return 0
    packages = PACKAGES["rabbitmq"]
    commands = (
        [*_APT, "update"],
        [*_APT, "install", "-y", "--no-install-recommends", *packages],
    )
    lines = "\n".join(f"  {shlex.join(command)}" for command in commands)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            "RabbitMQ is not installed, and the tests need it: those that kill a broker "
            "a private node, all others the broker that AMQP_URL names, else a private "
            f"node too. On Debian or Ubuntu, as root:\n{lines}",
            file=sys.stderr,
        )
        return 0 if "AMQP_URL" in os.environ else 1
    print(f"RabbitMQ is not installed; installing it (about a minute):\n{lines}")
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

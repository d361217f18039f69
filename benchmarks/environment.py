# SPDX-License-Identifier: Apache-2.0
"""The peers' own environment, kept in ``.venv-peers`` until the lists here change.

Nothing of it is this project's. A package that cannot be had is no reason to stop: the
peers that need it are left out, and the table says so.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
ENVIRONMENT: Final = ROOT / ".venv-peers"
PYTHON: Final = ENVIRONMENT / "bin" / "python"
NODE_MODULES: Final = ENVIRONMENT / "node" / "node_modules"

FROM_PIP: Final = (
    *("kombu", "requests", "orjson", "uvloop"),
    *("aio-pika", "aiohttp", "celery", "dramatiq[rabbitmq]", "faststream[rabbit]"),
    "mq-bridge",
)
FROM_NPM: Final = ("amqplib", "undici@7")

_READY: Final = ENVIRONMENT / "ready.txt"


def prepare() -> None:
    """Make the environment, unless it is there; say what takes so long."""
    fingerprint = hashlib.sha256(repr((FROM_PIP, FROM_NPM)).encode()).hexdigest()
    if _READY.exists() and _READY.read_text() == fingerprint:
        return
    print("installing the peers into .venv-peers (about a minute)", flush=True)
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    (ENVIRONMENT / "node").mkdir()
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    if not _run([*pip, *FROM_PIP]):
        for package in FROM_PIP:  # one at a time: one of them is at fault
            _run([*pip, package])
    if shutil.which("npm") is not None:
        _run(["npm", "install", "--silent", *FROM_NPM], folder=ENVIRONMENT / "node")
    _READY.write_text(fingerprint)


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return package to version, of those of pip and npm that are installed."""
    found = _versions_of_pip(packages)
    for name in packages:
        told = NODE_MODULES / name / "package.json"
        if told.exists():
            found[name] = json.loads(told.read_text())["version"]
    if "node" in packages and shutil.which("node") is not None:
        said = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, check=True
        )
        found["node"] = said.stdout.strip().removeprefix("v")
    return found


def _versions_of_pip(packages: Sequence[str]) -> dict[str, str]:
    ask = (
        "import sys, importlib.metadata as m\n"
        "for d in m.distributions(): print(d.name.lower(), d.version)"
    )
    said = subprocess.run(
        [PYTHON, "-c", ask], capture_output=True, text=True, check=True
    )
    installed = dict(line.split() for line in said.stdout.splitlines())
    return {name: installed[name] for name in packages if name in installed}


def _run(command: Sequence[str | Path], folder: Path = ROOT) -> bool:
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"{' '.join(map(str, command))}:\n{done.stdout[-2000:]}", file=sys.stderr)
    return done.returncode == 0

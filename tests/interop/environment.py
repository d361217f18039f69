# SPDX-License-Identifier: Apache-2.0
"""Somebody else's code, in an environment of its own: ``.venv-interop``.

``python -m tests.interop.environment`` makes it: libraries of Python from
``requirements.txt``, of JavaScript from ``package.json``. Made once, until these change.
promtool is Debian's.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.servers import install

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".venv-interop"
PYTHON = ENVIRONMENT / "bin" / "python"
NODE_MODULES = ENVIRONMENT / "node_modules"
REQUIREMENTS = HERE / "requirements.txt"
PACKAGE = HERE / "package.json"

_READY = ENVIRONMENT / "ready.txt"


def main():
    """Make it, unless it is there; say what takes so long."""
    if install.main((install.PROMTOOL,)):
        sys.exit(1)
    fingerprint = hashlib.sha256(REQUIREMENTS.read_bytes() + PACKAGE.read_bytes())
    if _READY.exists() and _READY.read_text() == fingerprint.hexdigest():
        return
    if shutil.which("node") is None or shutil.which("npm") is None:
        sys.exit("Node.js is needed: as root, apt-get install nodejs npm")
    sys.stdout.write("installing other people's code into .venv-interop (a minute)\n")
    sys.stdout.flush()
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    shutil.copy(PACKAGE, ENVIRONMENT)
    pip = (
        PYTHON,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--requirement",
    )
    npm = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix")
    with ThreadPoolExecutor() as both:
        list(both.map(_run, [(*pip, REQUIREMENTS), (*npm, ENVIRONMENT)]))
    _READY.write_text(fingerprint.hexdigest())


def python(reader, given):
    """Return what a reader in Python makes of what it is given, JSON both."""
    return _read((PYTHON, HERE / "readers" / reader), given)


def node(reader, given):
    """Return what a reader in JavaScript makes of what it is given, JSON both."""
    # a module is looked for beside the file that imports it
    file = ENVIRONMENT / "readers" / reader
    file.parent.mkdir(exist_ok=True)
    shutil.copy(HERE / "readers" / reader, file)
    return _read(("node", file), given)


def _read(command, given):
    done = subprocess.run(
        command,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ENVIRONMENT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _run(command):
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[:4]}: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()

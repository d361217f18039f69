# SPDX-License-Identifier: Apache-2.0
"""Mistral's own virtual environment: ``python -m tests.mistral.environment`` makes it.

Mistral in the versions of ``constraints.txt``; then, without them, this project with its
extra ``mistral``. Made once and kept in ``.venv-mistral``, until the constraints or this
project's requirements change.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-mistral"
BIN = ENVIRONMENT / "bin"
BEFORE = ENVIRONMENT / "before.txt"
"""What Mistral had before this project came, one ``name==version`` a line."""

CONSTRAINTS = Path(__file__).with_name("constraints.txt")

# PostgreSQL's driver, and what Mistral and its libraries import without saying so.
_WANTED = ("mistral", "psycopg2-binary", "setuptools", "wheel")
_READY = ENVIRONMENT / "ready.txt"


def main():
    """Make it, unless it is there; say what takes so long."""
    fingerprint = _fingerprint()
    if _READY.exists() and _READY.read_text() == fingerprint:
        return
    sys.stdout.write("installing Mistral into .venv-mistral (about a minute)\n")
    sys.stdout.flush()
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    pip("install", "--constraint", CONSTRAINTS, *_WANTED)
    BEFORE.write_text(pip("list", "--format", "freeze"))
    pip("install", "--editable", f"{ROOT}[mistral]")
    _READY.write_text(fingerprint)


def pip(*arguments):
    """Run pip in the environment and return what it says.

    Raises:
        RuntimeError: With what it said.
    """
    command = [BIN / "python", "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"pip {arguments[0]}: {done.stdout}{done.stderr}")
    return done.stdout


def _fingerprint():
    parts = [CONSTRAINTS.read_bytes(), (ROOT / "setup.py").read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""The files of the project: those that git knows, else all that are not made here."""

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_MADE_HERE: Final = frozenset({"build", "dist"})


@cache
def project_files() -> tuple[Path, ...]:
    """Return every file of the project that is there."""
    if (ROOT / ".git").exists():
        # the checkout may be somebody else's: git would refuse to look at it
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        names = listed.stdout.decode().rstrip("\0").split("\0")
        found = [ROOT / name for name in names]
    else:
        found = [one for one in ROOT.rglob("*") if not _is_made_here(one)]
    return tuple(sorted(one for one in found if one.is_file()))


def python_files() -> list[Path]:
    """Return every Python file of the project."""
    return [one for one in project_files() if one.suffix == ".py"]


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text("utf-8"))


def named(path: Path, line: int | None = None) -> str:
    """Return a file as people write it: ``notifier/event.py:12``."""
    name = str(path.relative_to(ROOT))
    return name if line is None else f"{name}:{line}"


def _is_made_here(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part in _MADE_HERE or part.startswith(".") for part in parts)

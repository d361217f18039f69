# SPDX-License-Identifier: Apache-2.0
"""Reads a Dockerfile, and does outside Docker what it says."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECONDS = 400


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continuation lines joined."""

    word: str
    text: str

    @property
    def words(self):
        """What stands in it, as JSON or as a shell would split it."""
        start = self.text.find("[")
        if self.word in ("CMD", "ENTRYPOINT", "HEALTHCHECK") and start >= 0:
            return json.loads(self.text[start:])
        return shlex.split(self.text)


def instructions(text):
    """Return the stages of a Dockerfile, each a list of instructions."""
    lines = [one for one in text.splitlines() if not one.lstrip().startswith("#")]
    stages = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stages.append([])
        if word:
            stages[-1].append(Instruction(word, rest.strip()))
    return stages


class Box:
    """A folder that stands for the root of an image, with an empty environment.

    Args:
        root: Empty; becomes the image's ``/``, as far as the instructions name it.
        checkout: What is copied from, where no stage is.
    """

    def __init__(self, root: Path, checkout: Path):
        self.root = root
        self._checkout = checkout
        self._folder = root
        venv = root / "environment"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        self.commands = venv / "bin"
        # Whoever is added is added to the image, not to this machine.
        (root / "etc").mkdir()
        for name in ("passwd", "group", "shadow", "gshadow"):
            (root / "etc" / name).touch()
        useradd = self.commands / "useradd"
        useradd.write_text(f'#!/bin/sh\nexec /usr/sbin/useradd --prefix {root} "$@"\n')
        useradd.chmod(0o755)

    def follow(self, stage, before=None):
        """Do what a stage says; `before` is the stage that it may copy from."""
        for one in stage:
            match one.word:
                case "WORKDIR":
                    self._folder = self._inside(one.text)
                    self._folder.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self._copy(one.words, before)
                case "RUN":
                    self._run(one.text)

    def _inside(self, path):
        return self.root / path.lstrip("/")

    def _copy(self, words, before):
        source = self._checkout
        if words[0].startswith("--from"):
            source, words = before.root, words[1:]
        *names, target = words
        target = self._folder if target == "./" else self._folder / target.lstrip("/")
        for name in names:
            path = source / name.lstrip("/")
            if path.is_dir():
                shutil.copytree(path, target, ignore=shutil.ignore_patterns("*.pyc"))
            else:
                shutil.copy(path, target)

    def _run(self, script):
        done = subprocess.run(
            ["sh", "-euc", script.replace("/wheels", f"{self.root}/wheels")],
            cwd=self._folder,
            env={"PATH": f"{self.commands}:{os.environ['PATH']}", **_registries()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}"


def _registries():
    # Where packages come from is this machine's affair.
    kept = ("HOME", "PIP_", "HTTP", "http", "NO_PROXY", "no_proxy", "SSL_")
    return {k: v for k, v in os.environ.items() if k.startswith(kept)}

# SPDX-License-Identifier: Apache-2.0
"""A small disk of memory, to be filled up."""

import errno
import subprocess
import tempfile
from pathlib import Path
from typing import Final, Self

_PIECE: Final = b"\0" * 65536


class CannotMount(Exception):
    """Who runs the tests may not mount anything."""


class SmallDisk:
    """A file system of its own, between enter and exit.

    Args:
        megabytes: How large it is.

    Raises:
        CannotMount: On enter.

    Attributes:
        path: Where it is; every user may enter it.
    """

    def __init__(self, megabytes: int) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="workflow-notifier-disk-"))
        self._size = megabytes
        self._filler = self.path / "filler"

    def __enter__(self) -> Self:
        options = f"size={self._size}m,mode=755"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            self.path.rmdir()
            raise CannotMount
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self.path], check=True)
        self.path.rmdir()

    def fill(self) -> None:
        """Leave no room for anybody."""
        with self._filler.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(_PIECE)
                except OSError as err:
                    if err.errno == errno.ENOSPC:
                        return
                    raise

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()

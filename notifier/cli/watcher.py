# SPDX-License-Identifier: Apache-2.0
"""What a user sees on standard error while lines are published."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import click


class Watcher(Protocol):
    """Hears how far the publishing is."""

    def step(self, *, size: int, published: int) -> None:
        """Note that lines are done: `size` bytes, `published` events of them."""

    def tell(self, text: str) -> None:
        """Show one line of text."""


class _Plain:
    def step(self, *, size: int, published: int) -> None:
        pass

    def tell(self, text: str) -> None:
        click.echo(text, err=True)


@contextlib.contextmanager
def watched(stream: BinaryIO) -> Iterator[Watcher]:
    """Show a progress bar where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield _Plain()
        return
    from rich.console import Console  # noqa: PLC0415 - slow; for terminals only
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        BarColumn(),
        TextColumn("{task.fields[events]} events published"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=_size(stream), events=0)

        class Bar:
            events = 0

            def step(self, *, size: int, published: int) -> None:
                self.events += published
                progress.update(bar, advance=size, events=self.events)

            def tell(self, text: str) -> None:
                progress.console.print(escape(text), highlight=False)

        yield Bar()


def _size(stream: BinaryIO) -> int | None:
    """Return how much there is to read; None where nobody knows."""
    with contextlib.suppress(OSError):
        status = os.fstat(stream.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size
    return None

# SPDX-License-Identifier: Apache-2.0
"""A program's commands: each is imported when it is run, and errors are one line."""

import difflib
import importlib
from collections.abc import Mapping
from typing import Any

import click


class Commands(click.Group):
    """A group whose commands cost nothing until they are asked for.

    Args:
        homes: Command to ``module:name``, in the order in which they are listed.
        expected: Errors whose message is for people; the status is then 1.
        **settings: Of the group.
    """

    def __init__(
        self,
        *,
        homes: Mapping[str, str],
        expected: tuple[type[Exception], ...],
        **settings: Any,  # noqa: ANN401 - click's
    ) -> None:
        super().__init__(**settings)
        self._homes = homes
        self._expected = expected

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of their homes."""
        del ctx
        return list(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for a name that is none."""
        del ctx
        if cmd_name not in self._homes:
            return None
        module, _, name = self._homes[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a name that is none say which one is near."""
        name = args[0]
        if not (name in self._homes or name.startswith("-") or ctx.resilient_parsing):
            for near in difflib.get_close_matches(name, self._homes, n=1):
                ctx.fail(f"No such command {name!r}. Did you mean {near!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run a command; an expected error is one line, and status 1."""
        try:
            return super().invoke(ctx)
        except self._expected as err:
            raise click.ClickException(str(err)) from err

# SPDX-License-Identifier: Apache-2.0
"""A command that prints what makes a shell complete its program's commands."""

from typing import Final

import click
from click.shell_completion import get_completion_class

SHELLS: Final = ("bash", "zsh", "fish")

# \b keeps click from filling the lines.
_EXAMPLES: Final = """\b
Where to, for notifier-bridge (bash: 4.4 or newer; zsh: after compinit):
  ~/.bashrc:  eval "$(notifier-bridge completion bash)"
  ~/.zshrc:   eval "$(notifier-bridge completion zsh)"
  fish:       notifier-bridge completion fish \\
                > ~/.config/fish/completions/notifier-bridge.fish
"""


@click.command(
    epilog=_EXAMPLES,
    short_help="Print what makes a shell complete commands and options.",
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options and their values."""
    root = ctx.find_root()
    program = root.info_name or ""
    found = get_completion_class(shell)
    if found is None:  # click knows these three
        raise click.UsageError(f"nothing is known of {shell}")
    variable = f"_{program.replace('-', '_')}_COMPLETE".upper()
    click.echo(found(root.command, {}, program, variable).source())

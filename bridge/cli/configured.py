# SPDX-License-Identifier: Apache-2.0
"""What the commands that run on this machine's settings share: ``--config-file``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from bridge.settings import SYSTEM_FILE, USER_FILE

Command = Callable[..., Any]

_HELP: Final = f"Default: NOTIFIER_BRIDGE_CONF, {USER_FILE}, {SYSTEM_FILE}."


def configured(command: Command) -> Command:
    """Add the option that names the configuration file."""
    return click.option("--config-file", type=click.Path(path_type=Path), help=_HELP)(
        command
    )

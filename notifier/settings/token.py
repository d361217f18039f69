# SPDX-License-Identifier: Apache-2.0
"""The token that a bridge is shown: from a file or the environment, never an argument."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from notifier.errors import SettingsError

VARIABLE: Final = "NOTIFIER_BRIDGE_TOKEN"
"""In the environment; `bridge.cli` reads it, too."""

_TOKEN = re.compile(r"[!-~]+")


def find_token(
    given: Path | None,
    environ: Mapping[str, str],
    setting: str | None,
    file: Path | None,
) -> str | None:
    """Return the token; None: there is none.

    Args:
        given: File that was named on the command line; goes before all else.
        environ: Goes before the settings.
        setting: ``[http] token``, which goes before `file`.
        file: ``[http] token_file``.

    Raises:
        SettingsError: What is there is no token, which is not repeated.
    """
    if given is not None:
        return _checked(_read(given), str(given))
    if environ.get(VARIABLE):
        return _checked(environ[VARIABLE], VARIABLE)
    if setting is not None:
        return _checked(setting, "[http] token")
    return None if file is None else _checked(_read(file), str(file))


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or "holds no token"
        raise SettingsError(f"{file}: {reason}") from None


def _checked(text: str, place: str) -> str:
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        raise SettingsError(f"{place}: holds no token of a bridge")
    return token

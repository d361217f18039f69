# SPDX-License-Identifier: Apache-2.0
"""Reads what an option names by its file."""

import sys
from pathlib import Path

from bridge.errors import Invalid


def read_file(option: str, name: str) -> str:
    """Return the text in a file; ``-`` is standard input.

    Args:
        option: To be blamed.
        name: Of the file.

    Raises:
        Invalid: It cannot be read. Quotes nothing of it.
    """
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or "is not UTF-8 text"
        raise Invalid(option, f"{name}: {reason}") from None

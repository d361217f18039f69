# SPDX-License-Identifier: Apache-2.0
"""How a callback signs in, from a file: command lines are for everybody to see."""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import click

_HINT: Final = "--auth-file"
_KEY = re.compile(
    r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----\n?", re.DOTALL
)


def read_auth(name: str) -> dict[str, Any]:
    """Return the ``auth`` of a callback; what it says is the bridge's to judge.

    Args:
        name: Of a file with the ``auth`` as JSON, or with a client certificate and its
            key in PEM; ``-`` is standard input.

    Raises:
        click.BadParameter: It cannot be read, or is neither. Quotes nothing.
    """
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or "is not UTF-8 text"
        raise click.BadParameter(f"{name}: {reason}", param_hint=_HINT) from None
    if "-----BEGIN" in text and not text.lstrip().startswith("{"):
        return _from_pem(text)
    try:
        auth = json.loads(text)
    except ValueError:
        auth = None
    if not isinstance(auth, dict):
        raise click.BadParameter(
            'must hold JSON such as {"type": "bearer", "token": "…"}, or a '
            "certificate and its key in PEM",
            param_hint=_HINT,
        )
    return auth


def _from_pem(text: str) -> dict[str, Any]:
    key = _KEY.search(text)
    if key is None:
        raise click.BadParameter(
            "holds a certificate without its key", param_hint=_HINT
        )
    return {
        "type": "certificate",
        "certificate": text.replace(key.group(), ""),
        "key": key.group(),
    }

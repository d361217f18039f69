# SPDX-License-Identifier: Apache-2.0
"""Signing secrets of listeners on this machine, for the receiver that tries them out.

``listener-add`` notes the secret of a listener whose URL is on loopback; ``listen``
finds it there, so that it verifies without being told. One line a secret, and lines
are only added: two commands at once do no harm::

    {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_…"}
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

MAX_RECALLED: Final = 32

_PORTS: Final = {"http": 80, "https": 443}
_OWNER_ONLY: Final = 0o600


def default_file() -> Path:
    """Return where secrets are noted: below ``$XDG_STATE_HOME``, or its default."""
    state = os.environ.get("XDG_STATE_HOME")
    home = Path(state) if state else Path.home() / ".local" / "state"
    return home / "workflow-notifier" / "secrets.jsonl"


def remember(url: str, secret: str, file: Path | None = None) -> bool:
    """Note a listener's secret; tell whether that could be done.

    Args:
        url: The listener's, on loopback: nobody else's secrets belong here.
        secret: ``whsec_…``
        file: Readable by its owner only. Default: `default_file`.
    """
    path = default_file() if file is None else file
    line = json.dumps({"url": url, "secret": secret}) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
    except OSError:
        return False  # a convenience; whoever adds a listener needs it not
    with os.fdopen(descriptor, "wb", buffering=0) as lines:
        os.fchmod(descriptor, _OWNER_ONLY)
        lines.write(line.encode())  # one call: lines do not mingle
    return True


def recall(port: int, target: str, file: Path | None = None) -> tuple[str, ...]:
    """Return the secrets noted for a receiver, the newest first, 32 at most.

    Args:
        port: That the receiver listens on.
        target: Path and query of the request it got.
        file: Default: `default_file`. May be missing.
    """
    path = default_file() if file is None else file
    found = [
        secret
        for url, secret in _lines(path)
        if (_port(url), _target(url)) == (port, target)
    ]
    return tuple(dict.fromkeys(reversed(found)))[:MAX_RECALLED]


def _lines(path: Path) -> Iterator[tuple[SplitResult, str]]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            yield urlsplit(entry["url"]), str(entry["secret"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a line that somebody else wrote


def _port(url: SplitResult) -> int | None:
    try:
        return _PORTS.get(url.scheme) if url.port is None else url.port
    except ValueError:
        return None


def _target(url: SplitResult) -> str:
    path = url.path or "/"
    return f"{path}?{url.query}" if url.query else path

# SPDX-License-Identifier: Apache-2.0
"""Secrets from files and into them: command lines are for everybody to see."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Final

from bridge import keyring
from bridge.cli.files import read_file
from bridge.client import is_loopback
from bridge.errors import Invalid

_AUTH: Final = "--auth-file"
_TOKEN: Final = "--token-file"  # noqa: S105 - an option
_VARIABLE: Final = "NOTIFIER_BRIDGE_TOKEN"
_SECRET: Final = "--secret-file"  # noqa: S105 - an option
_KEY = re.compile(
    r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----\n?", re.DOTALL
)


def read_auth(name: str) -> dict[str, Any]:
    """Return the ``auth`` of a callback; what it says is the bridge's to judge.

    Args:
        name: Of a file with the ``auth`` as JSON, or with a client certificate and its
            key in PEM; ``-`` is standard input.

    Raises:
        Invalid: It cannot be read, or is neither. Quotes nothing.
    """
    text = read_file(_AUTH, name)
    if "-----BEGIN" in text and not text.lstrip().startswith("{"):
        return _from_pem(text)
    try:
        auth = json.loads(text)
    except ValueError:
        auth = None
    if not isinstance(auth, dict):
        raise Invalid(
            _AUTH,
            'must hold JSON such as {"type": "bearer", "token": "…"}, or a '
            "certificate and its key in PEM",
        )
    return auth


def read_secret(name: str) -> str:
    """Return the signing secret that a file holds; ``-`` is standard input.

    Raises:
        Invalid: It cannot be read, or holds nothing.
    """
    secret = read_file(_SECRET, name).strip()
    if not secret:
        raise Invalid(_SECRET, "holds nothing; whsec_... is expected")
    return secret


def bridge_token(file: str | None) -> str | None:
    """Return the token that a bridge is shown; None: there is none.

    Args:
        file: Holds it; ``-`` is standard input. None: the environment may.

    Raises:
        Invalid: It cannot be read, or is no token. Quotes nothing.
    """
    place = _VARIABLE if file is None else _TOKEN
    text = os.environ.get(_VARIABLE, "") if file is None else read_file(_TOKEN, file)
    if file is None and not text:
        return None
    if not re.fullmatch(r"[!-~]+", text.strip()):
        raise Invalid(place, "holds no token; notifier-bridge token-create shows one")
    return text.strip()


def note_secret(added: Mapping[str, Any]) -> None:
    """Note a new listener's secret if its receiver is on this machine.

    So that ``notifier-bridge listen`` verifies there without being told.
    """
    url = added["callback"].get("url")
    if url is not None and is_loopback(url):
        is_secret = added["signing"] != "v1a"
        keyring.remember(url, added["secret" if is_secret else "public_key"])


def _from_pem(text: str) -> dict[str, Any]:
    key = _KEY.search(text)
    if key is None:
        raise Invalid(_AUTH, "holds a certificate without its key")
    return {
        "type": "certificate",
        "certificate": text.replace(key.group(), ""),
        "key": key.group(),
    }

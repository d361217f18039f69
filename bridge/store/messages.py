# SPDX-License-Identifier: Apache-2.0
"""Writes what came with a message as JSON, and reads it again, whatever it holds."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

Parts = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A message's properties and headers."""

_BYTES: Final = "$bytes"
_TIME: Final = "$time"


def pack(properties: Mapping[str, Any], headers: Mapping[str, Any]) -> bytes:
    """Return properties and headers as ASCII; what JSON knows nothing of as text."""
    return json.dumps([properties, headers], default=_packed, skipkeys=True).encode()


def unpack(packed: bytes) -> Parts:
    """Return what `pack` was given."""
    properties, headers = json.loads(packed, object_hook=_unpacked)
    return properties, headers


def _packed(value: object) -> object:
    match value:
        case bytes() | bytearray() | memoryview():
            return {_BYTES: base64.b64encode(value).decode()}
        case datetime():
            return {_TIME: value.isoformat()}
        case _:
            return str(value)


def _unpacked(found: dict[str, Any]) -> object:
    try:
        match found:
            case {"$bytes": str(text), **rest} if not rest:
                return base64.b64decode(text, validate=True)
            case {"$time": str(text), **rest} if not rest:
                return datetime.fromisoformat(text)
    except ValueError:  # somebody's own header
        return found
    return found

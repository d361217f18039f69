# SPDX-License-Identifier: Apache-2.0
"""One message as the broker delivered it, whoever read it off the socket."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """What a consumer is handed.

    Attributes:
        tag: Acks it.
        is_repeat: The broker has delivered it before.
        properties: By py-amqp's names, the headers left out.
    """

    tag: int
    is_repeat: bool
    routing_key: str
    properties: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: bytes


OnMessages = Callable[[Sequence[Message]], None]
"""Takes messages that came together, in their order; never raises."""


def parted(properties: dict[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return py-amqp's properties without the headers, and the headers."""
    headers = properties.pop("application_headers", None)
    return properties, {} if headers is None else headers

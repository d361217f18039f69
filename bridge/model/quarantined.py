# SPDX-License-Identifier: Apache-2.0
"""A message that was set aside: it is no event, or one that cannot be handled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

QuarantinedId = NewType("QuarantinedId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """What is kept of it.

    Attributes:
        properties: By py-amqp's names.
        taken_at: When it was set aside.
        position: Of the event in the table; None: it came from a broker.
    """

    id: QuarantinedId
    reason: str
    routing_key: str
    properties: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, Any] = field(repr=False)
    body: bytes = field(repr=False)
    taken_at: datetime
    position: int | None = None

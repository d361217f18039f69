# SPDX-License-Identifier: Apache-2.0
"""A message on its way to an exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from notifier.event import Event
from notifier.wire import to_amqp
from notifier.wire.call import Question


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for an exchange; published persistent and mandatory.

    Attributes:
        properties: Basic properties by py-amqp's names, ``headers`` left out.
        key: Messages of one key arrive in the order in which they were handed over.
        id: Names the message in errors.
    """

    exchange: str
    routing_key: str
    body: bytes = field(repr=False)
    properties: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, Any] = field(repr=False)
    key: str
    id: str

    @classmethod
    def of(cls, event: Event, exchange: str) -> Self:
        """Return the message that brings an event to an exchange.

        Raises:
            InvalidEvent: It does not fit a message.
        """
        message = to_amqp(event)
        return cls(
            exchange=exchange,
            routing_key=message.routing_key,
            body=message.body,
            properties=message.properties,
            headers=message.headers,
            key=event.execution_id,
            id=event.id,
        )

    def asking(self, question: Question) -> Self:
        """Return the same message, from somebody who waits for the answers."""
        return replace(
            self,
            properties={**self.properties, **question.properties},
            headers={**self.headers, **question.headers},
        )

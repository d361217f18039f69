# SPDX-License-Identifier: Apache-2.0
"""Tells listeners by publishing to another exchange on the broker.

The bridge sets project and routing key prefix, so that one project cannot speak for
another, and counts hops, so that no loop of exchanges and listeners runs for ever.
"""

import hashlib
import re
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from bridge.errors import Invalid
from bridge.model import Call, CallbackSpec, Outcome, OutcomeKind
from notifier import wire
from notifier.errors import InvalidEvent, PublishError, Unreachable
from notifier.publishers.outgoing import Outgoing
from notifier.topology import EXCHANGE, MAX_KEY_BYTES
from notifier.wire.routing_key import project_word

MAX_HOPS: Final = 3
HOPS: Final = "hops"
"""CloudEvents attribute: how often a bridge has passed this event on."""

ID_HEADER: Final = "webhook-id"
"""Header with the delivery's id: the same over every retry, as in a webhook."""

_DIGEST_CHARS: Final = 8
_KEY = re.compile(r"[^\x00-\x20\x7f*#]{1,255}")


class Sender(Protocol):
    """Publishes messages, confirmed; blocking, for any thread."""

    def send(self, messages: Sequence[Outgoing], *, timeout: timedelta) -> None:
        """Return once the broker has taken all of them.

        Raises:
            PublishError: It has not.
        """


class AmqpCallback:
    """The `Callback` named ``amqp``.

    Args:
        loop: Where `done` is called.
        sender: None where this bridge has no broker.
        exchanges: What the operator allows; nothing else is ever published to.
        threads: Attempts at once.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        sender: Sender | None,
        *,
        exchanges: frozenset[str],
        threads: int = 8,
    ) -> None:
        self._loop = loop
        self._sender = sender
        self._exchanges = exchanges
        self._threads = ThreadPoolExecutor(threads, "callback-amqp")

    def check(self, spec: CallbackSpec) -> None:
        """Refuse an exchange that the operator did not allow (see `Callback`)."""
        if self._sender is None:
            raise Invalid(
                "callback.type", "amqp needs a broker; an operator sets [bus] url"
            )
        refusal = self._refusal(spec.exchange)
        if refusal is not None:
            raise Invalid("callback.exchange", refusal)
        if spec.routing_key is not None and not _KEY.fullmatch(spec.routing_key):
            raise Invalid(
                "callback.routing_key",
                "must be 1 to 255 characters without spaces, * and #",
            )

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt (see `Callback`)."""
        try:
            self._threads.submit(self._attempt, call, done)
        except RuntimeError:  # closed
            lost = _outcome(OutcomeKind.LOST, time.monotonic())
            self._loop.call_soon(done, lost)

    def close(self) -> None:
        """End what is open; each attempt is bounded by its own time limit."""
        self._threads.shutdown(cancel_futures=False)

    def _attempt(self, call: Call, done: Callable[[Outcome], None]) -> None:
        outcome = self._send(call)
        self._loop.call_soon_threadsafe(done, outcome)

    def _send(self, call: Call) -> Outcome:
        started = time.monotonic()
        spec = call.listener.callback
        refusal = self._refusal(spec.exchange)
        if self._sender is None or refusal is not None:
            return _outcome(OutcomeKind.BLOCKED, started, refusal or "no broker")
        try:
            message = outgoing(call)
            self._sender.send([message], timeout=spec.timeout)
        except InvalidEvent as err:
            return _outcome(OutcomeKind.BLOCKED, started, str(err))
        except Unreachable as err:
            return _outcome(OutcomeKind.FAILED, started, str(err))
        except PublishError as err:
            return _outcome(OutcomeKind.REFUSED, started, str(err))
        return _outcome(OutcomeKind.SUCCEEDED, started)

    def _refusal(self, exchange: str | None) -> str | None:
        if not exchange:
            return "is missing; the default exchange is never published to"
        if exchange == EXCHANGE or exchange.startswith(f"{EXCHANGE}."):
            return f"{exchange} is the events' own; take another exchange"
        if exchange not in self._exchanges:
            return (
                f"{exchange} is not allowed; an operator can allow it: "
                f"[callbacks] amqp_exchanges = {exchange}"
            )
        return None


def outgoing(call: Call) -> Outgoing:
    """Return the message of one attempt.

    Raises:
        InvalidEvent: The event was passed on too often already.
    """
    event = call.envelope.event
    listener = call.listener
    seen = event.attributes.get(HOPS, "0")
    hops = int(seen) if seen.isascii() and seen.isdigit() else MAX_HOPS
    if hops >= MAX_HOPS:
        raise InvalidEvent(HOPS, f"passed on {hops} times already; this is a loop")
    message = wire.to_amqp(event)
    attributes = {HOPS: str(hops + 1), "project": listener.project}
    headers = {**message.headers, **wire.amqp_headers(attributes)}
    own = listener.callback.routing_key
    key = call.envelope.routing_key if own is None else own
    return Outgoing(
        exchange=listener.callback.exchange or "",
        routing_key=_fit(f"{project_word(listener.project)}.{key}"),
        body=call.envelope.body,
        properties=message.properties,
        headers={**headers, ID_HEADER: call.delivery_id},
        key=event.execution_id,
        id=event.id,
    )


def _fit(key: str) -> str:
    """Cut a key that is too long, and end it in the start of its SHA-256."""
    encoded = key.encode()
    if len(encoded) <= MAX_KEY_BYTES:
        return key
    ending = "~" + hashlib.sha256(encoded).hexdigest()[:_DIGEST_CHARS]
    kept = encoded[: MAX_KEY_BYTES - len(ending)].decode(errors="ignore")
    return kept + ending


def _outcome(kind: OutcomeKind, started: float, error: str | None = None) -> Outcome:
    duration = timedelta(seconds=time.monotonic() - started)
    return Outcome(kind, datetime.now(UTC) - duration, duration, error=error)

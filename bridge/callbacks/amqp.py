# SPDX-License-Identifier: Apache-2.0
"""Tells listeners by publishing to another exchange on the broker.

The bridge sets project and routing key prefix, so that one project cannot speak for
another, and counts hops, so that no loop of exchanges and listeners runs for ever.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

from bridge.callbacks.attempts import CLOSE_SECONDS, Attempt, Attempts
from bridge.callbacks.workers import Workers
from bridge.errors import Invalid
from bridge.model import Call, CallbackSpec, Format, Outcome, OutcomeKind
from notifier import wire
from notifier.errors import InvalidEvent, PublishError, Unreachable
from notifier.publishers.outgoing import Outgoing
from notifier.topology import EXCHANGE, MAX_KEY_BYTES
from notifier.wire.cloudevents import STRUCTURED
from notifier.wire.routing_key import project_word

MAX_HOPS: Final = 3
HOPS: Final = "hops"
"""CloudEvents attribute: how often a bridge has passed this event on."""

ID_HEADER: Final = "webhook-id"
"""Header with the delivery's id: the same over every retry, as in a webhook."""

DEFAULT_THREADS: Final = 8
SLACK_SECONDS: Final = 0.2
"""So much longer than its time limit the sender may take, since it knows more to tell."""

_DIGEST_CHARS: Final = 8
_KEY = re.compile(r"[^\x00-\x20\x7f*#]{1,255}")
_log: Final = logging.getLogger(__name__)


class Sender(Protocol):
    """Publishes messages, confirmed; blocking, for any thread."""

    def send(self, messages: Sequence[Outgoing], *, timeout: timedelta) -> None:
        """Return once the broker has taken all of them.

        Raises:
            PublishError: It has not.
        """


class AmqpCallback:
    """The `Callback` named ``amqp``.

    The event loop keeps the time: an attempt ends in time also when every thread is
    busy, or when the sender is late.

    Args:
        loop: Runs `done`, and keeps the time.
        sender: None where this bridge has no broker.
        exchanges: What the operator allows; nothing else is ever published to.
        own_exchange: That events come from; never published to.
        threads: Attempts at once; others wait in line, and their time runs.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sender: Sender | None,
        *,
        exchanges: frozenset[str],
        own_exchange: str = EXCHANGE,
        threads: int = DEFAULT_THREADS,
    ) -> None:
        self._loop = loop
        self._sender = sender
        self._exchanges = exchanges
        self._own_exchange = own_exchange
        self._workers = Workers(threads, "callback-amqp")
        self._attempts = Attempts(loop, "not confirmed within", slack=SLACK_SECONDS)

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

    def allow(self, exchanges: frozenset[str]) -> None:
        """Publish to these exchanges from now on, and to no others; any thread."""
        self._exchanges = exchanges

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt (see `Callback`)."""
        attempt = self._attempts.begin(call, done)
        if attempt is not None:
            self._workers.run(partial(self._work, attempt))

    def close(self) -> None:
        """End what is open (see `Callback`); blocks for a moment at most."""
        self._attempts.close()
        self._workers.close(CLOSE_SECONDS)

    # On a worker's thread.

    def _work(self, attempt: Attempt) -> None:
        if attempt not in self._attempts:
            return
        try:
            kind, error = self._tell(attempt)
        except Exception as err:  # noqa: BLE001 - a loop's edge: logged, and told
            _log.exception("an attempt failed in the bridge itself")
            kind, error = OutcomeKind.FAILED, f"the bridge failed: {type(err).__name__}"
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            outcome = attempt.outcome(kind, error=error)
            self._loop.call_soon_threadsafe(self._attempts.end, attempt, outcome)

    def _tell(self, attempt: Attempt) -> tuple[OutcomeKind, str | None]:
        call = attempt.call
        refusal = self._refusal(call.listener.callback.exchange)
        if self._sender is None or refusal is not None:
            return OutcomeKind.BLOCKED, refusal or "this bridge has no broker"
        left = timedelta(seconds=attempt.remaining)
        try:
            self._sender.send([outgoing(call)], timeout=left)
        except InvalidEvent as err:
            return OutcomeKind.BLOCKED, str(err)
        except Unreachable as err:
            return OutcomeKind.TIMED_OUT, str(err)
        except PublishError as err:
            return OutcomeKind.REFUSED, str(err)
        return OutcomeKind.SUCCEEDED, None

    def _refusal(self, exchange: str | None) -> str | None:
        if not exchange:
            return "is missing; the default exchange is never published to"
        own = {EXCHANGE, self._own_exchange}
        if exchange in own or exchange.startswith(f"{EXCHANGE}."):
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
    body, properties = call.envelope.body, message.properties
    if listener.callback.format is Format.CLOUDEVENTS:
        body = wire.structured(event, body, attributes)
        properties = {**properties, "content_type": STRUCTURED}
        headers = wire.trace_headers(event)
    own = listener.callback.routing_key
    key = call.envelope.routing_key if own is None else own
    return Outgoing(
        exchange=listener.callback.exchange or "",
        routing_key=_fit(f"{project_word(listener.project)}.{key}"),
        body=body,
        properties=properties,
        headers={**headers, **(call.trace or {}), ID_HEADER: call.delivery_id},
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

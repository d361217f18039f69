# SPDX-License-Identifier: Apache-2.0
"""Events as they come in, for watchers in this process; on the event loop only.

A watcher that is slower than the events loses the oldest of them, and is told how many.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, Self

from bridge.model import Envelope
from notifier.topology import accepts

MAX_WAITING: Final = 1000


class Subscription:
    """What one watcher has not seen yet.

    A context manager; inside it, an iterator that ends when the feed does.

    Attributes:
        dropped: How many events were lost, because the watcher was too slow.
    """

    def __init__(
        self, feed: "Feed", bindings: Sequence[str], project: str | None
    ) -> None:
        self.dropped = 0
        self._feed = feed
        self._project = project
        self._bindings = tuple(bindings)
        self._waiting: deque[Envelope] = deque()
        self._woken = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.leave(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Envelope:
        """Return the next event as soon as there is one; may be cancelled."""
        while not self._waiting:
            if self._feed.closed:
                raise StopAsyncIteration
            self._woken.clear()
            await self._woken.wait()
        return self._waiting.popleft()

    def offer(self, envelope: Envelope) -> None:
        """Take an event, if it is the project's and one of the bindings accepts it."""
        if self._project not in (None, envelope.event.project):
            return
        if not any(accepts(one, envelope.routing_key) for one in self._bindings):
            return
        if len(self._waiting) == MAX_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(envelope)
        self._woken.set()

    def wake(self) -> None:
        """Let the watcher see that the feed has ended."""
        self._woken.set()


class Feed:
    """Hands each event to those who watch.

    Example:
        >>> feed = Feed()
        >>> with feed.subscribe(["task.failed.#"]) as failures:
        ...     len(feed)
        1
        >>> len(feed)
        0
    """

    def __init__(self) -> None:
        self.closed = False
        self._subscriptions: set[Subscription] = set()

    def __len__(self) -> int:
        return len(self._subscriptions)

    def subscribe(
        self, bindings: Sequence[str], project: str | None = None
    ) -> Subscription:
        """Begin to watch; what came in before is not seen.

        Args:
            bindings: Topic bindings, as on the bus; one of them must accept.
            project: Whose events are seen; None: those of every one.
        """
        subscription = Subscription(self, bindings, project)
        self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Watch no longer."""
        self._subscriptions.discard(subscription)

    def offer(self, envelope: Envelope) -> None:
        """Hand an event to whoever watches for it; never blocks."""
        for subscription in self._subscriptions:
            subscription.offer(envelope)

    def close(self) -> None:
        """End every subscription, once its watcher has seen what waits."""
        self.closed = True
        for subscription in self._subscriptions:
            subscription.wake()

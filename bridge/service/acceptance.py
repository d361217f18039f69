# SPDX-License-Identifier: Apache-2.0
"""Takes what is published within this process into the events' table, its queue.

Called by any number of publishing threads; wakes the inbox on the event loop.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bridge.errors import Conflict
from bridge.intake.asking import taken
from bridge.intake.inbox import Inbox
from bridge.model import Envelope
from bridge.store.events import EventStore
from notifier import errors
from notifier.publishers.memory import Published
from notifier.wire import Question


class Acceptance:
    """To be made on the event loop that it shall wake.

    Args:
        store: Where the table is.
        inbox: Reads it.
        reply: Hands a reply to who waits for it, by its correlation id.
    """

    def __init__(
        self, store: EventStore, inbox: Inbox, reply: Callable[[str, bytes], None]
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._reply_to = reply
        self._loop = asyncio.get_running_loop()

    def accept(self, published: Sequence[Published]) -> None:
        """Keep events for good, then let them be routed.

        Raises:
            Conflict: One is known with another body; none was kept.
            StoreError: The database did not take them.
        """
        envelopes = [
            Envelope(event, message.body, message.routing_key)
            for event, message in published
        ]
        self._expect(envelopes, published)
        try:
            known = self._store.accept(envelopes, datetime.now(UTC))
        except BaseException as err:
            for envelope in envelopes:
                self._inbox.forget(envelope)
            if isinstance(err, Conflict):
                raise errors.Conflict(str(err)) from err
            raise
        self._loop.call_soon_threadsafe(self._inbox.wake)
        for envelope in envelopes:
            if envelope.key in known:
                self._loop.call_soon_threadsafe(self._inbox.ask_again, envelope)

    def _expect(
        self, envelopes: Sequence[Envelope], published: Sequence[Published]
    ) -> None:
        # Before they are in the table: the inbox may look at any time.
        for envelope, (_, message) in zip(envelopes, published, strict=True):
            question = taken(message.properties, message.headers, self._reply)
            if question is not None:
                self._inbox.expect(envelope, question)

    def _reply(self, asked: Question, body: bytes) -> None:
        self._reply_to(asked.correlation_id, body)

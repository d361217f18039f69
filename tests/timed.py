# SPDX-License-Identifier: Apache-2.0
"""How long events take from whoever publishes them to a receiver."""

import re
import time
from datetime import UTC, datetime

from tests.load import an_event
from tests.tally import Tally

_ID = re.compile(rb"\r\nce-id: *([^\r]*)\r\n", re.IGNORECASE)


class Timed(Tally):
    """A tally that knows when each event was made, and when it first came."""

    def __init__(self):
        super().__init__()
        self._made = {}
        self._came = {}

    def events(self, prefix, count, **members):
        """Yield events, each made when it is asked for."""
        for number in range(count):
            event = an_event(f"{prefix}-{number}", **members)
            self._made[event.id] = datetime.now(UTC).timestamp()
            yield event

    def delays(self, prefix):
        """Return how many seconds those of this prefix took, the shortest first."""
        return sorted(
            came - self._made[event_id]
            for event_id, came in list(self._came.items())
            if event_id.startswith(f"{prefix}-")
        )

    def p99(self, prefix):
        """Return the seconds that 99 of 100 of them took at most."""
        delays = self.delays(prefix)
        return delays[len(delays) * 99 // 100]

    def _answer(self, head):
        self._came.setdefault(_ID.search(head)[1].decode(), time.time())
        return super()._answer(head)

# SPDX-License-Identifier: Apache-2.0
"""A bus that a test can spoil."""

import threading
from datetime import timedelta

from notifier.errors import InvalidEvent, PublishError

PATIENCE_SECONDS = 20


class SpoiledBus:
    """A `Publisher` that takes what it is told to take.

    Attributes:
        faults: Of single events, by id: raised each time.
        trouble: Given the ids of a call; returns what is raised, or None.
        slowness: How long a call takes, in seconds.
        calls: The ids of each call, in the order given.
        taken: The ids of what was confirmed.
    """

    def __init__(self):
        self.faults = {}
        self.trouble = lambda _: None
        self.slowness = 0
        self.calls = []
        self.taken = []
        self._came = threading.Condition()

    def publish(self, events, *, timeout):
        assert timeout > timedelta()
        ids = [event.id for event in events]
        if self.slowness:
            threading.Event().wait(self.slowness)
        with self._came:
            self.calls.append(ids)
            self._came.notify_all()
            if (trouble := self.trouble(ids)) is not None:
                raise trouble
            wrong = {one: self.faults[one] for one in ids if one in self.faults}
            for fault in wrong.values():
                if isinstance(fault, InvalidEvent):
                    raise fault
            self.taken += [one for one in ids if one not in wrong]
        if wrong:
            kinds = {type(fault) for fault in wrong.values()}
            kind = kinds.pop() if len(kinds) == 1 else PublishError
            raise kind("; ".join(map(str, wrong.values())), tuple(wrong))

    def wait_for(self, is_so):
        """Wait until a predicate on this bus holds; looks after each call."""
        with self._came:
            assert self._came.wait_for(lambda: is_so(self), PATIENCE_SECONDS)

    def close(self):
        pass

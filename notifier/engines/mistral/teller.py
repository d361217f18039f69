# SPDX-License-Identifier: Apache-2.0
"""Tells what Mistral says, each change once, in the order in which it is said.

Safe to share between threads; never waits for the bus.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from notifier.engines.mistral.memory import Memory
from notifier.engines.mistral.notice import Notice
from notifier.engines.mistral.translation import translate
from notifier.engines.numbering import Numbering
from notifier.publishers.backlog import Backlog

COPIES_REMEMBERED: Final = 1000


class Teller:
    """What one process has in hand for all its threads.

    Args:
        backlog: The way to the bus.
        source: URI reference of the engine.
        project: Of what belongs to no project of Mistral's.
        alone: Whether no other process tells of the same executions.
    """

    def __init__(
        self, backlog: Backlog, *, source: str, project: str | None, alone: bool
    ) -> None:
        self._backlog = backlog
        self._source = source
        self._project = project
        self._lock = threading.Lock()
        self._memory = Memory(alone=alone)
        self._numbering = Numbering()
        self._told: OrderedDict[tuple[object, ...], Mapping[str, Any]] = OrderedDict()

    def tell(self, notice: Notice) -> None:
        """Have an event published, unless this change was told before.

        Raises:
            InvalidEvent: A name fits no event.
        """
        with self._lock:
            if not self._take_in(notice):
                return
            known = self._memory.learn(notice)
            event = translate(
                notice,
                known,
                source=self._source,
                project=self._project,
                sequence=self._numbering.next(),
            )
            self._backlog.add(event)

    def _take_in(self, notice: Notice) -> bool:
        """Remember a notice; False: Mistral says the same again.

        A publisher that stands in the list twice is handed the very same dictionary,
        and so is one whose turn is repeated after an error of the database. Two
        changes in one second may be equal in every word, but not identical.
        """
        name = id(notice.data), notice.event, notice.timestamp
        if name in self._told:
            return False
        self._told[name] = notice.data  # held: its id stays its own
        if len(self._told) > COPIES_REMEMBERED:
            self._told.popitem(last=False)
        return True

# SPDX-License-Identifier: Apache-2.0
"""What several integration tests hold in their hands."""

import pytest

from notifier.notifier import Notifier
from notifier.publishers.memory import MemoryPublisher


@pytest.fixture
def events():
    return []


@pytest.fixture
def notifier(events):
    bus = MemoryPublisher()
    bus.bind("#", lambda published: events.extend(one.event for one in published))
    with Notifier(bus, source="/engines/1", on_error="raise") as notifier:
        yield notifier

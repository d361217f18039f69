# SPDX-License-Identifier: Apache-2.0
"""What carries events to callbacks, before it is put together."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from bridge.callbacks.callback import Callback
from bridge.delivery.retention import Retention
from bridge.delivery.terms import Patience
from bridge.feed import Feed
from bridge.intake.care import Care
from bridge.intake.ordering import OrderedQueue
from bridge.intake.source import Source
from bridge.intake.window import Window
from bridge.replay.course import Archive
from bridge.store.batches import BatchStore
from bridge.store.clock import Clock
from bridge.store.journal import Journal
from bridge.store.lanes import LaneStore
from bridge.store.listeners import ListenerStore
from bridge.store.sequences import SequenceStore
from bridge.telemetry import Telemetry
from notifier.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """What a worker works with.

    Attributes:
        executor: One thread, for all that the journal is asked.
        disable_after: So long a listener may do nothing but fail.
        publish: Brings an event of the bridge's own to the bus; blocking.
        care: Handles what a bridge may have died of.
        ordered: What events are put in order from; None: the source has them in order.
    """

    source: Source
    journal: Journal
    batches: BatchStore
    clock: Clock
    listeners: ListenerStore
    callbacks: Mapping[str, Callback]
    telemetry: Telemetry
    feed: Feed
    lanes: LaneStore
    executor: ThreadPoolExecutor
    patience: Patience
    disable_after: timedelta
    publish: Callable[[Event], None]
    retention: Retention
    window: Window
    sequences: SequenceStore
    care: Care
    archive: Archive
    ordered: OrderedQueue | None = None

# SPDX-License-Identifier: Apache-2.0
"""What stands on the bus: names, declarations, and which binding accepts which key."""

from notifier.topology.bindings import accepts
from notifier.topology.declaration import (
    QueueType,
    declare,
    declare_history,
    declare_notifications,
    declare_ordered,
    declare_quarantine,
    has_queue,
)
from notifier.topology.names import (
    BRIDGE_QUEUE,
    DEAD_EXCHANGE,
    DIRECT_REPLIES,
    EXCHANGE,
    HISTORY_STREAM,
    MAX_KEY_BYTES,
    NOTIFICATION_QUEUE,
    ORDERED,
    OUTBOX_TABLE,
    QUARANTINE_QUEUE,
    REPLY_PREFIXES,
)

__all__ = [
    "BRIDGE_QUEUE",
    "DEAD_EXCHANGE",
    "DIRECT_REPLIES",
    "EXCHANGE",
    "HISTORY_STREAM",
    "MAX_KEY_BYTES",
    "NOTIFICATION_QUEUE",
    "ORDERED",
    "OUTBOX_TABLE",
    "QUARANTINE_QUEUE",
    "REPLY_PREFIXES",
    "QueueType",
    "accepts",
    "declare",
    "declare_history",
    "declare_notifications",
    "declare_ordered",
    "declare_quarantine",
    "has_queue",
]

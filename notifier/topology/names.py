# SPDX-License-Identifier: Apache-2.0
"""The names that both sides must know, on the bus and beside it, and their limits."""

from typing import Final

EXCHANGE: Final = "workflow.events"
"""Durable topic exchange that every event is published to."""

DEAD_EXCHANGE: Final = "workflow.events.dead"
"""Durable fanout exchange for messages that are no events."""

BRIDGE_QUEUE: Final = "bridge"
"""Durable queue that the bridges consume."""

ORDERED: Final = ".ordered"
"""Ends the name of the bridges' second queue, that events are put in order from."""

HISTORY_STREAM: Final = "workflow.events.history"
"""Stream that keeps every event for a while, for who reads from the bus."""

QUARANTINE_QUEUE: Final = "workflow.events.quarantine"
"""Durable queue that keeps what `DEAD_EXCHANGE` is given."""

DIRECT_REPLIES: Final = "amq.rabbitmq.reply-to"
"""RabbitMQ's own name for replies to who asks; it fills in the rest."""

REPLY_PREFIXES: Final = (f"{DIRECT_REPLIES}.", "workflow.replies.")
"""Queues that a bridge replies to; it publishes to no others."""

NOTIFICATION_QUEUE: Final = "bridge.notifications"
"""Durable queue for what services emit through oslo.messaging."""

MAX_KEY_BYTES: Final = 255  # an AMQP short string (AMQP 0-9-1 §4.2.5.3)

OUTBOX_TABLE: Final = "workflow_notifier_outbox"
"""Table in an engine's database that a relay reads, unless it is told otherwise."""

# SPDX-License-Identifier: Apache-2.0
"""How an event travels: AMQP messages, HTTP requests, CloudEvents, JSON, oslo.messaging.

This package alone knows the names on the wire.
"""

from notifier.wire.amqp import AmqpMessage, amqp_headers, from_amqp, to_amqp
from notifier.wire.body import MAX_BODY_BYTES, encode_body
from notifier.wire.call import Question
from notifier.wire.cloudevents import from_cloudevent, structured, to_cloudevent
from notifier.wire.http import ce_headers, from_http, from_json, trace_headers
from notifier.wire.oslo import from_notification, from_oslo, to_notification
from notifier.wire.routing_key import routing_key

__all__ = [
    "MAX_BODY_BYTES",
    "AmqpMessage",
    "Question",
    "amqp_headers",
    "ce_headers",
    "encode_body",
    "from_amqp",
    "from_cloudevent",
    "from_http",
    "from_json",
    "from_notification",
    "from_oslo",
    "routing_key",
    "structured",
    "to_amqp",
    "to_cloudevent",
    "to_notification",
    "trace_headers",
]

# SPDX-License-Identifier: Apache-2.0
"""A service as OpenStack has them: configured by oslo.config, emitting notifications."""

from contextlib import contextmanager
from datetime import timedelta

import oslo_messaging
from kombu import Connection

from notifier import wire

PATIENCE = timedelta(seconds=20)


def transport_url(amqp_url):
    """Return a broker's URL as services write it."""
    return amqp_url.replace("amqp://", "rabbit://")


@contextmanager
def emitter(conf, *, publisher_id="compute.host-1", **options):
    """Yield what a service emits notifications with."""
    transport = oslo_messaging.get_notification_transport(conf)
    try:
        yield oslo_messaging.Notifier(transport, publisher_id, **options)
    finally:
        transport.cleanup()


@contextmanager
def bound(amqp_url, exchange, key):
    """Yield what gets the next event that an exchange is given with such a key."""
    with Connection(amqp_url) as connection:
        channel = connection.channel()
        channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
        queue = channel.queue_declare("", exclusive=True).queue
        channel.queue_bind(queue, exchange, key)
        came = []
        channel.basic_consume(queue, no_ack=True, callback=came.append)

        def get():
            while not came:
                connection.drain_events(timeout=PATIENCE.total_seconds())
            message = came.pop(0)
            properties = dict(message.properties)
            headers = properties.pop("application_headers")
            return wire.from_amqp(
                properties,
                headers,
                bytes(message.body),
                message.delivery_info["routing_key"],
            )

        yield get

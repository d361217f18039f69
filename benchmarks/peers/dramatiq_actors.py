# SPDX-License-Identifier: Apache-2.0
"""The peer on dramatiq: an actor for each event, in processes with threads."""

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import Retries

from benchmarks.peers.requesting import post, session
from benchmarks.peers.webhook import QUEUE, URL

dramatiq.set_broker(RabbitmqBroker(url=URL, middleware=[Retries(max_retries=3)]))
_session = session()


@dramatiq.actor(queue_name=QUEUE)
def deliver(body: str) -> None:
    """Post one event."""
    post(_session, body.encode())

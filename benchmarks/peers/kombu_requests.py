# SPDX-License-Identifier: Apache-2.0
"""The peer that everybody writes first: kombu and requests, one thread."""

import kombu

from benchmarks.peers.requesting import post, session
from benchmarks.peers.webhook import PREFETCH, QUEUE, URL


def main() -> None:
    """Carry events until killed."""
    opened = session()

    def carry(message: kombu.Message) -> None:
        post(opened, bytes(message.body))
        message.ack()

    queue = kombu.Queue(QUEUE, no_declare=True)
    with (
        kombu.Connection(URL) as connection,
        connection.Consumer(queue, on_message=carry, prefetch_count=PREFETCH),
    ):
        while True:
            connection.drain_events()


if __name__ == "__main__":
    main()

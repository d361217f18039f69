# SPDX-License-Identifier: Apache-2.0
"""The peer on mq-bridge: its route in Rust from queue to HTTP, signed in Python."""

from mq_bridge import Message, Route

from benchmarks.peers.webhook import CONNECTIONS, HOOK, PREFETCH, QUEUE, URL, headers_of


def signed(message: Message) -> Message:
    """Return the event with its headers; the route has one place to send to."""
    body = message.payload
    _, headers = headers_of(body)
    return Message(body, headers)


def main() -> None:
    """Carry events until killed."""
    source = {"url": URL, "queue": QUEUE, "no_declare_queue": True}
    target = {"batch_concurrency": CONNECTIONS, "concurrency_limit": CONNECTIONS}
    route = Route.from_config(
        {
            "input": {"amqp": {**source, "prefetch_count": PREFETCH}},
            "output": {"http": {"url": HOOK, **target}},
            "batch_size": 128,
            "concurrency": 4,
        }
    )
    route.with_handler(signed).run()


if __name__ == "__main__":
    main()

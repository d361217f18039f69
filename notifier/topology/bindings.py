# SPDX-License-Identifier: Apache-2.0
"""Which routing keys a topic binding accepts."""


def accepts(binding: str, routing_key: str) -> bool:
    """Tell whether a topic binding accepts a routing key.

    ``*`` stands for exactly one word, ``#`` for any number of words, none included
    (AMQP 0-9-1 §3.1.3.3).

    Example:
        >>> accepts("task.failed.#", "task.failed.acme.orders.fulfil.charge")
        True
        >>> accepts("task.#", "task"), accepts("*.failed", "task.failed.acme")
        (True, False)
    """
    words = _words(routing_key)
    # Two rows of a table instead of recursion: '#.#.#.#' costs no more than its size.
    reached = [True] + [False] * len(words)
    for part in _words(binding):
        following = [part == "#" and reached[0]]
        for position, word in enumerate(words):
            if part == "#":
                following.append(reached[position + 1] or following[position])
            else:
                following.append(reached[position] and part in ("*", word))
        reached = following
    return reached[-1]


def _words(key: str) -> list[str]:
    # as RabbitMQ counts: an empty key has no word, "." has two empty ones
    return key.split(".") if key else []

# SPDX-License-Identifier: Apache-2.0
"""How much a soak does, as ``SOAK`` in the environment says it.

``SOAK="short seed=7 client=loop"``: words and ``name=value`` in any order.
"""

import random
from dataclasses import dataclass
from typing import Final

import pytest

EXTENT: Final = pytest.StashKey["Extent"]()
"""Where pytest's configuration holds the `Extent` of this run."""

SHORT: Final = 18_000
"""Events of the short form: a minute of them."""

_NUMBERS: Final = ("events", "rate", "seed")
_USAGE: Final = (
    "SOAK takes short, events=N, rate=N (a second), seed=N and client=threads or loop"
)


@dataclass(frozen=True, slots=True)
class Extent:
    """The same for every test of a run.

    Attributes:
        events: How many are published.
        rate: Of them, a second.
        seed: Of all that is left to chance.
        client: What sends webhooks: ``[callbacks] client``.
    """

    seed: int
    events: int = 100_000
    rate: int = 300
    client: str = "loop"

    @classmethod
    def of(cls, text: str) -> "Extent":
        """Return what the words say.

        Raises:
            ValueError: They cannot be understood.
        """
        members: dict[str, object] = {"seed": random.SystemRandom().randrange(10**6)}
        for word in text.split():
            name, _, value = word.partition("=")
            if word == "short":
                members.setdefault("events", SHORT)
            elif name in _NUMBERS and value.isdecimal():
                members[name] = int(value)
            elif word in ("client=threads", "client=loop"):
                members[name] = value
            else:
                raise ValueError(f"{_USAGE}; not {word!r}")
        return cls(**members)

    def __str__(self) -> str:
        """Return the words for the same again."""
        return (
            f"events={self.events} rate={self.rate} seed={self.seed} "
            f"client={self.client}"
        )

    @property
    def is_short(self) -> bool:
        """Whether seconds are wanted, not minutes."""
        return self.events <= SHORT

    def chance(self, name: str) -> random.Random:
        """Return a source of chance that nobody else draws from."""
        return random.Random(f"{self.seed} {name}")  # noqa: S311 - no secret

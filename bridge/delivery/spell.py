# SPDX-License-Identifier: Apache-2.0
"""How long a listener has been failing only: a pure rule.

One that is silent for long says nothing: its next failure begins a new spell.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SILENCE_SHARE: Final = 0.5
"""A silence of this share of what is borne ends a spell."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which every attempt failed.

    Attributes:
        since: When the first of them did.
        last: When the last of them did.
    """

    since: datetime
    last: datetime

    @classmethod
    def after(cls, known: "Spell | None", now: datetime, borne: timedelta) -> "Spell":
        """Return the spell that one more failure belongs to.

        Args:
            known: That of the failure before, if there was one.
            now: When it failed.
            borne: So long a listener may do nothing but fail.
        """
        if known is None or now - known.last > borne * SILENCE_SHARE:
            return cls(now, now)
        return cls(known.since, now)

    def is_over(self, borne: timedelta) -> bool:
        """Tell whether it has lasted as long as is borne."""
        return self.last - self.since >= borne

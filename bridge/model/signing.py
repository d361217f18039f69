# SPDX-License-Identifier: Apache-2.0
"""What a listener's webhooks are signed with, now and while a secret changes; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from bridge.verify import SECRET_PREFIX

KEY_PREFIX: Final = "whsk_"

DEFAULT_OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=30)
MAX_FORMER: Final = 4
"""So many that were taken out of use sign along at most; the oldest goes first."""


class Signing(Enum):
    """By which schemes of Standard Webhooks a listener's webhooks are signed."""

    V1 = "v1"
    """HMAC-SHA256: the receiver holds the same secret."""
    V1A = "v1a"
    """Ed25519: the receiver holds a public key, which signs nothing."""
    BOTH = "both"


_PREFIXES: Final = {
    Signing.V1: (SECRET_PREFIX,),
    Signing.V1A: (KEY_PREFIX,),
    Signing.BOTH: (SECRET_PREFIX, KEY_PREFIX),
}


@dataclass(frozen=True, slots=True)
class FormerSecret:
    """A secret that was taken out of use, and signs along for a while.

    Attributes:
        text: ``whsec_…``, or ``whsk_…``, a private key.
        until: From then on it signs nothing.
    """

    text: str = field(repr=False)
    until: datetime


def retired(
    former: Iterable[FormerSecret],
    texts: Iterable[str],
    *,
    now: datetime,
    overlap: timedelta,
) -> tuple[FormerSecret, ...]:
    """Return the former secrets once these, too, are out of use; the latest first."""
    added = [FormerSecret(text, now + overlap) for text in texts]
    live = [one for one in (*added, *former) if one.until > now]
    return tuple(live[:MAX_FORMER])


def signs_in(signing: Signing, secret: str) -> bool:
    """Tell whether a secret's scheme is among those asked for."""
    return secret.startswith(_PREFIXES[signing])

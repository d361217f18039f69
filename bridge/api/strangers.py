# SPDX-License-Identifier: Apache-2.0
"""Counts wrong tokens by the address that sent them, in bounded memory.

Nobody guesses a token. This tells those who try to wait, and keeps them from filling the
log; who shows a good one from the same address, a proxy's say, is let in all the same.
"""

import ipaddress
from collections import OrderedDict
from typing import Final

MAX_WRONG: Final = 20
"""So many wrong tokens may come from one address in `SPAN_SECONDS`."""

SPAN_SECONDS: Final = 60.0
MAX_ADDRESSES: Final = 10_000
"""The ones that were heard of last."""

_IPV6_HOME: Final = 64  # whoever has one address has all of its network


class Strangers:
    """What is known of those who showed wrong tokens; times are of a steady clock.

    Example:
        >>> strangers = Strangers()
        >>> for _ in range(MAX_WRONG):
        ...     strangers.note("192.0.2.1", now=0.0)
        >>> strangers.wait("192.0.2.1", now=10.0), strangers.wait("192.0.2.2", now=10.0)
        (50.0, 0.0)
    """

    def __init__(self) -> None:
        # since when it is counted, and how many
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._wrong)

    def note(self, address: str, now: float) -> None:
        """Note a wrong token."""
        home = _home(address)
        since, count = self._wrong.pop(home, (now, 0))
        if now - since >= SPAN_SECONDS:
            since, count = now, 0
        self._wrong[home] = since, count + 1
        if len(self._wrong) > MAX_ADDRESSES:
            self._wrong.popitem(last=False)

    def wait(self, address: str, now: float) -> float:
        """Return for how many seconds a wrong token is one too many; 0: none."""
        since, count = self._wrong.get(_home(address), (now, 0))
        return max(since + SPAN_SECONDS - now, 0.0) if count >= MAX_WRONG else 0.0


def _home(address: str) -> str:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if known.version == 4:  # noqa: PLR2004 - IP's own
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, _IPV6_HOME), strict=False))

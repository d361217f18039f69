# SPDX-License-Identifier: Apache-2.0
"""Writes acks of messages as AMQP has them (AMQP 0-9-1 §1.8.3.13), many at once.

::

    frame type 1, channel 2 bytes, size 4 bytes, class 60, method 80, 2 bytes each,
    delivery tag 8 bytes, flag 1 byte: multiple, 0xCE
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final

_ACK: Final = Struct(">BHIHHQBB").pack
_METHOD, _SIZE, _BASIC, _BASIC_ACK, _THIS_ONE, _END = 1, 13, 60, 80, 0, 0xCE


def acks(channel: int, tags: Iterable[int]) -> bytes:
    """Return what acks these messages and no other.

    Each by itself: one that is slow to deliver holds back no ack of those behind it.
    """
    return b"".join(
        [
            _ACK(_METHOD, channel, _SIZE, _BASIC, _BASIC_ACK, tag, _THIS_ONE, _END)
            for tag in tags
        ]
    )

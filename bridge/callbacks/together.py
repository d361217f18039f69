# SPDX-License-Identifier: Apache-2.0
"""What a batch looks like: an array of CloudEvents (CloudEvents JSON format §4)."""

from collections.abc import Sequence

from bridge.model import Envelope
from notifier.wire import structured


def together(envelopes: Sequence[Envelope]) -> Envelope:
    """Return several events as one that is sent, its body the array of all.

    Args:
        envelopes: At least one, in the order in which they stand there.
    """
    objects = (structured(one.event, one.body, {}) for one in envelopes)
    return Envelope(envelopes[0].event, b"[%b]" % b",".join(objects), "")

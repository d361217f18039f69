# SPDX-License-Identifier: Apache-2.0
"""What a receiver is sent, as it may be shown: what is secret is masked."""

import json
from collections.abc import Mapping
from datetime import datetime

from bridge.callbacks.credentials import auth_headers
from bridge.callbacks.request import content_type_of, own_name, told_in_headers
from bridge.model import Delivery, Envelope, Listener
from bridge.shape.merging import MASK, mask


def sent_headers(
    listener: Listener,
    envelope: Envelope,
    delivery: Delivery,
    at: datetime | None,
) -> Mapping[str, str]:
    """Return the headers of an attempt by a listener's callback as it is now.

    Args:
        listener: Who is told; nothing is known of callbacks other than webhooks.
        envelope: What of.
        delivery: Of the event to the listener.
        at: When the attempt began; None: there was none.
    """
    spec = listener.callback
    if spec.type != "http":
        return {}
    return {
        "Content-Type": content_type_of(spec.format),
        "User-Agent": own_name(),
        **mask(spec.headers),
        **dict.fromkeys(auth_headers(spec.auth), MASK),
        **told_in_headers(envelope.event, spec.format),
        "webhook-id": delivery.id if delivery.batch_id is None else delivery.batch_id,
        "webhook-timestamp": "" if at is None else str(int(at.timestamp())),
        "webhook-signature": MASK,
    }


def pretty(body: bytes) -> str:
    """Return a JSON body with line breaks, for people."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)

# SPDX-License-Identifier: Apache-2.0
"""What every peer does with an event: reads it, looks up who listens, signs."""

import base64
import hmac
import os
import time
from typing import Final

import orjson

URL: Final = os.environ["BENCHMARK_AMQP_URL"]
QUEUE: Final = os.environ["BENCHMARK_QUEUE"]
HOOK: Final = os.environ["BENCHMARK_HOOK"]

PREFETCH: Final = 500
CONNECTIONS: Final = 64

_KEY: Final = b"0123456789abcdef0123456789abcdef"
_LISTENERS: Final = {("orders", "task.succeeded"): HOOK}


def headers_of(body: bytes) -> tuple[str, dict[str, str]]:
    """Return where an event goes, and the headers of Standard Webhooks for it."""
    event = orjson.loads(body)
    data = event["data"]
    url = _LISTENERS[data["workbook"], event["type"]]
    event_id = data["execution"]["id"]
    seconds = str(int(time.time()))
    signed = f"msg_{event_id}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.digest(_KEY, signed, "sha256")).decode()
    return url, {
        "Content-Type": "application/json",
        "ce-id": event_id,
        "webhook-id": f"msg_{event_id}",
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }

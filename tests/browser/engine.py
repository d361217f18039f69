# SPDX-License-Identifier: Apache-2.0
"""An engine that tells a bridge what happens in a workbook."""

import requests

from notifier.event import Event
from notifier.wire import encode_body


def tell(url, event_type, execution, *, task=None, error=None, **data):
    """Tell of one event; return its id."""
    about = {"name": task} if task else None
    if about and error:
        about["error"] = error
    data = {"workbook": "orders-eu", "workflow": "fulfil", **data}
    event = Event.new(event_type, execution=execution, task=about, **data)
    answer = requests.post(
        f"{url}/v1/events",
        data=encode_body(event),
        headers={"Content-Type": "application/json", "ce-id": event.id},
        timeout=10,
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["events"][0]["id"]

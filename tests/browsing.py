# SPDX-License-Identifier: Apache-2.0
"""A browser of the page without a screen, and what there is for it to see."""

import re
from datetime import timedelta

import requests

from bridge.model import State
from bridge.store.journal import Entry
from tests.stored import a_delivery, a_listener, an_attempt

FORM = {
    "name": "ops",
    "events": "on-task-error, EXECUTION",
    "callback.type": "http",
    "callback.url": "http://127.0.0.1:9/hook",
    "callback.method": "POST",
    "callback.headers": "X-Team: ops\nX-Api-Key: s3cret",
    "callback.mode": "cast",
    "callback.timeout_seconds": "15",
    "callback.format": "standard",
    "callback.batch.max_events": "7",
    "callback.batch.max_wait_ms": "250",
    "max_in_flight": "64",
    "retry.delays_seconds": "5, 60",
    "retry.jitter": "0.2",
    "signing": "v1",
    "enabled": "yes",
}

PATHS = (
    *("/", "/listeners", "/listeners/new", "/deliveries", "/dead", "/events"),
    *("/explain", "/quarantine", "/events?binding=*.failed.%23", "/events/1"),
    *("/listeners/{listener}", "/listeners/{listener}/edit", "/deliveries/{delivery}"),
    *("/events?before=1", "/events?before=" + "9" * 30, "/dead?left=" + "9" * 30),
    *("/executions/e1", "/explain?event=1&listener={listener}", "/listeners?search=X"),
)


class Browser:
    """Follows the page as a browser would: keeps cookies, sends what the forms hold."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def get(self, path, **options):
        return self.session.get(f"{self.url}{path}", timeout=10, **options)

    def post(self, path, *, of="/listeners/new", csrf=None, headers=None, **fields):
        known = re.search(r'name="csrf" value="([^"]*)"', self.get(of).text)
        token = csrf if csrf is not None else (known[1] if known else "")
        return self.session.post(
            f"{self.url}{path}",
            data={"csrf": token, **fields},
            headers=headers,
            allow_redirects=False,
            timeout=10,
        )


def keep_in(served, envelope, **members):
    """Keep a listener, and a dead delivery of an event to it."""
    listener = a_listener(**members)
    served.parts.listener_store.add(listener)
    members = {"state": State.DEAD, "attempts": 1, "due_at": None}
    delivery = a_delivery(envelope, listener, **members)
    entry = Entry(
        (envelope, listener.created_at + timedelta(seconds=1)),
        [delivery],
        [an_attempt(delivery, answer=b"<script>alert(1)</script>")],
    )
    served.journal.write([entry])
    return listener, delivery

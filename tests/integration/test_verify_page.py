# SPDX-License-Identifier: Apache-2.0
"""The examples in docs/how-to/verify-webhooks.md, given real webhooks."""

import pytest

from bridge.callbacks.signing import new_secret
from bridge.receiver import Receiver
from tests.calls import SECRET
from tests.integration.telling import tell
from tests.pages import Page

PAGE = Page("docs/how-to/verify-webhooks.md")


@pytest.fixture(params=["bridge.verify", "standardwebhooks"])
def on_request(request, monkeypatch):
    """The function that an example defines."""

    def example(secret):
        monkeypatch.setenv("WEBHOOK_SECRET", secret)
        names = {}
        exec(PAGE.block(f"python {request.param}"), names)  # noqa: S102 - our own page
        return names["on_request"]

    return example


@pytest.mark.parametrize(
    ("secret", "status"), [(SECRET, 204), (new_secret(), 401)], ids=["own", "other"]
)
def test_an_example_knows_the_bridges_webhook(on_request, secret, status):
    answer = on_request(secret)
    with Receiver(
        "127.0.0.1",
        0,
        on_delivery=id,
        answer=lambda got: answer(got.headers, got.body),
    ) as receiver:
        told = tell(receiver.url)

    assert told.outcome.status == status

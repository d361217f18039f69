# SPDX-License-Identifier: Apache-2.0
"""What the bridge signs is verified by Standard Webhooks' own libraries, and by node."""

import base64
import json

import pytest

from notifier import wire
from tests.interop import environment
from tests.interop.conftest import ANOTHER, EVENT

READERS = {
    "Python": lambda given: environment.python("standard_webhooks.py", given),
    "JavaScript": lambda given: environment.node("standard_webhooks.mjs", given),
}
BODY = json.loads(wire.encode_body(EVENT))
# Standard Webhooks' library for Python knows no v1a.
KNOWN = [
    *[(language, name) for language in READERS for name in ("standard", "both")],
    ("JavaScript", "v1a"),
]


@pytest.mark.parametrize(("language", "name"), KNOWN)
def test_a_webhook_is_verified(told, language, name):
    (payload,) = READERS[language]([told.webhooks[name]])

    assert payload == BODY or payload["data"] == BODY


@pytest.mark.parametrize("language", READERS)
def test_a_batch_is_verified_as_one_webhook(told, language):
    one = told.webhooks["batch"]
    another = one | {"headers": one["headers"] | {"webhook-id": "bat_other"}}

    payload, unproven = READERS[language]([one, another])

    assert [event["data"]["type"] for event in payload] == [EVENT.type, ANOTHER.type]
    assert one["headers"]["webhook-id"].startswith("bat_")
    assert unproven is None


@pytest.mark.parametrize(("language", "name"), KNOWN)
def test_a_webhook_with_one_byte_changed_is_not(told, language, name):
    one = told.webhooks[name]
    body = base64.b64decode(one["body"]).replace(b"129.5", b"829.5")

    (payload,) = READERS[language]([one | {"body": base64.b64encode(body).decode()}])

    assert payload is None


@pytest.mark.parametrize(("language", "name"), KNOWN)
def test_a_webhook_under_another_id_is_not(told, language, name):
    one = told.webhooks[name]
    headers = one["headers"] | {"webhook-id": "dlv_other"}

    (payload,) = READERS[language]([one | {"headers": headers}])

    assert payload is None

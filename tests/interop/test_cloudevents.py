# SPDX-License-Identifier: Apache-2.0
"""Every form in which an event travels is read by the CloudEvents SDKs."""

import json
from urllib.parse import unquote

import pytest

from notifier import wire
from tests.interop import environment
from tests.interop.conftest import ANOTHER, EVENT

READERS = {
    "Python": lambda given: environment.python("cloudevents_sdk.py", given),
    "JavaScript": lambda given: environment.node("cloudevents_sdk.mjs", given),
}
BODY = json.loads(wire.encode_body(EVENT))


def attributes(read):
    """Return what an SDK read, times in the one form that both know."""
    found = dict(read["attributes"])
    found["time"] = found["time"].replace("+00:00", "Z")
    return found


def of_event(*others):
    """Return what it is to read: the event's attributes, but those of its trace."""
    known = wire.to_cloudevent(EVENT)
    return {
        name: value
        for name, value in known.items()
        if name not in {"data", "datacontenttype", *others}
    }


def milliseconds(found):
    """Cut times to what JavaScript's Date holds."""
    return found | {"time": found["time"][:23]}


@pytest.mark.parametrize("language", READERS)
@pytest.mark.parametrize("name", ["standard", "cloudevents"])
def test_a_webhook_is_a_cloudevent(told, language, name):
    (read,) = READERS[language]([told.webhooks[name]])

    # in binary mode the trace stands in a header of its own, which is no attribute
    missing = ["traceparent"] if name == "standard" else []
    found = attributes(read)
    if (language, name) == ("JavaScript", "standard"):
        # this SDK leaves the percent-encoding of headers to who uses it
        found = {one: unquote(value) for one, value in found.items()}
    assert found.pop("datacontenttype").startswith("application/json")
    assert milliseconds(found) == milliseconds(of_event(*missing))
    assert read["data"] == BODY


@pytest.mark.parametrize("language", READERS)
def test_a_batch_is_read_event_by_event(told, language):
    first, second = READERS[language]([told.webhooks["batch"]])

    found = attributes(first)
    assert found.pop("datacontenttype") == "application/json"
    assert milliseconds(found) == milliseconds(of_event())
    assert first["data"] == BODY
    assert second["attributes"]["id"] == ANOTHER.id
    assert second["data"] == json.loads(wire.encode_body(ANOTHER))


@pytest.mark.parametrize("language", READERS)
def test_a_message_of_a_callback_is_a_cloudevent(told, language):
    (read,) = READERS[language]([told.messages["callback"]])

    found = attributes(read)
    assert found.pop("hops") == "1"
    assert found.pop("datacontenttype") == "application/json"
    assert milliseconds(found) == milliseconds(of_event())
    assert read["data"] == BODY


def test_a_message_on_the_bus_is_a_cloudevent(told):
    (read,) = READERS["Python"]([told.messages["bus"]])

    found = attributes(read)
    assert found.pop("datacontenttype") == "application/json"
    assert found == of_event("traceparent")
    assert read["data"] == BODY

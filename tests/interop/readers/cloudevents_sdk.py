# SPDX-License-Identifier: Apache-2.0
"""Reads requests and messages with the CloudEvents SDK for Python."""

import base64
import json
import sys

from cloudevents.core.bindings import amqp, http
from cloudevents.core.formats.json import JSONFormat

BATCH = "application/cloudevents-batch+json"
STRUCTURED = {"content-type": "application/cloudevents+json"}


def read_all(one):
    """Yield what is read of each event that came in one; this SDK reads no batches."""
    if not one["headers"].get("content-type", "").startswith(BATCH):
        yield read(one)
        return
    for each in json.loads(base64.b64decode(one["body"])):
        body = base64.b64encode(json.dumps(each).encode())
        yield read(one | {"headers": STRUCTURED, "body": body})


def read(one):
    """Return attributes and data of one event."""
    body = base64.b64decode(one["body"])
    if one["by"] == "http":
        event = http.from_http(http.HTTPMessage(one["headers"], body), JSONFormat())
    else:
        properties = {"content-type": one["content_type"]}
        message = amqp.AMQPMessage(properties, one["headers"], body)
        event = amqp.from_amqp(message, JSONFormat())
    attributes = {name: str(value) for name, value in event.get_attributes().items()}
    attributes["time"] = event.get_time().isoformat(timespec="microseconds")
    return {"attributes": attributes, "data": event.get_data()}


given = json.load(sys.stdin)
json.dump([found for one in given for found in read_all(one)], sys.stdout)

# SPDX-License-Identifier: Apache-2.0
"""Reads requests and messages with the CloudEvents SDK for Python."""

import base64
import json
import sys

from cloudevents.core.bindings import amqp, http
from cloudevents.core.formats.json import JSONFormat


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


json.dump([read(one) for one in json.load(sys.stdin)], sys.stdout)

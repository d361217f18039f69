# SPDX-License-Identifier: Apache-2.0
"""``/asyncapi.json``: what travels on the exchange, as a document of AsyncAPI 3."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from bridge.api.event_schemas import KNOWN, body_schema
from notifier.topology import EXCHANGE
from notifier.wire.amqp import CONTENT_TYPE, PREFIX

_BINDING_VERSION: Final = "0.3.0"
_KEYS: Final = {
    "execution": ("what", "project", "workbook", "workflow"),
    "task": ("what", "project", "workbook", "workflow", "task"),
    "listener": ("what", "project"),
}
_PARAMETERS: Final = {
    "what": "What happened: the event's type behind its first full stop.",
    "project": "The tenant.",
    "workbook": "Its name; - where the engine names none.",
    "workflow": "Its name; - where the engine names none.",
    "task": "Its name, or its id where it has none.",
}
# What every message's headers hold; the names are those of CloudEvents' attributes.
_REQUIRED: Final = ("specversion", "id", "source", "type", "subject", "time")
_OPTIONAL: Final = ("partitionkey", "project", "workbook", "sequence")


def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "workflow-notifier exchange",
            "version": version("workflow-notifier"),
            "description": "What happens to executions and tasks. Bind a queue to the "
            f"topic exchange {EXCHANGE}; words of the routing key are percent-encoded.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {f"{kind}s": _channel(kind) for kind in _KEYS},
        "operations": {
            f"tell{kind.capitalize()}s": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{kind}s"},
                "summary": f"Events of kind {kind}, confirmed by the broker.",
            }
            for kind in _KEYS
        },
        "components": {
            "messages": {one: _message(one) for one in KNOWN},
            "schemas": {one: body_schema(one) for one in KNOWN},
        },
    }


def _channel(kind: str) -> dict[str, Any]:
    words = _KEYS[kind]
    return {
        "address": ".".join([kind, *(f"{{{word}}}" for word in words)]),
        "parameters": {word: {"description": _PARAMETERS[word]} for word in words},
        "messages": {
            one: {"$ref": f"#/components/messages/{one}"}
            for one in KNOWN
            if one.startswith(f"{kind}.")
        },
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": EXCHANGE,
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": _BINDING_VERSION,
            }
        },
    }


def _message(event_type: str) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "name": event_type,
        "title": event_type,
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "required": [PREFIX + name for name in _REQUIRED],
            "properties": {
                **{PREFIX + name: text for name in (*_REQUIRED, *_OPTIONAL)},
                f"{PREFIX}specversion": {"const": "1.0"},
                f"{PREFIX}type": {"const": event_type},
                "traceparent": text,
                "tracestate": text,
            },
        },
        "payload": {"$ref": f"#/components/schemas/{event_type}"},
        "bindings": {
            "amqp": {"messageType": event_type, "bindingVersion": _BINDING_VERSION}
        },
    }


def install(app: FastAPI) -> None:
    """Let the application serve the document."""

    async def whole() -> JSONResponse:
        return JSONResponse(document())

    app.add_api_route("/asyncapi.json", whole, include_in_schema=False)

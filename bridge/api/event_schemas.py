# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the events' bodies, one for each type, served with their version.

A version never changes what it refuses; what an engine adds is always taken.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from bridge.errors import NotFound
from notifier.event_types import LISTENER_DISABLED, TYPES

VERSION: Final = "v1"
PATH: Final = f"/schemas/{VERSION}"
KNOWN: Final = (*TYPES, LISTENER_DISABLED)
MEDIA_TYPE: Final = "application/schema+json"

_TEXT: Final = {"type": "string", "minLength": 1}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_ANYTHING: Final[dict[str, Any]] = {}
_EXECUTION: Final = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": _TEXT,
        "root_id": _MAYBE_TEXT,
        "parent_id": _MAYBE_TEXT,
        "state": _MAYBE_TEXT,
        "error": {
            "description": "The latest within the execution; null: there is none."
        },
    },
}
_TASK: Final = {
    "type": "object",
    "anyOf": [{"required": ["id"]}, {"required": ["name"]}],
    "properties": {
        "id": {"type": ["string", "null"]},
        "name": {"type": ["string", "null"]},
        "state": _ANYTHING,
        "error": _ANYTHING,
        "result": _ANYTHING,
    },
}
_LISTENER: Final = {"type": "object", "required": ["id"], "properties": {"id": _TEXT}}
_OF_KIND: Final[dict[str, dict[str, Any]]] = {
    "execution": {"execution": _EXECUTION},
    "task": {"execution": _EXECUTION, "task": _TASK},
    "listener": {"listener": _LISTENER},
}


def body_schema(event_type: str) -> dict[str, Any]:
    """Return what the body of an event of this type is to be."""
    parts = _OF_KIND[event_type.partition(".")[0]]
    names = ("engine", "project", "workbook", "workflow")
    return {
        "title": event_type,
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": event_type},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {
                "type": "object",
                "required": list(parts),
                "properties": {
                    **dict.fromkeys(names, _MAYBE_TEXT),
                    **parts,
                    "payload": {
                        "description": "Whatever else the engine wants to say."
                    },
                },
            },
        },
    }


def document(event_type: str) -> dict[str, Any]:
    """Return the JSON Schema as it is served.

    Raises:
        NotFound: There is no such type.
    """
    if event_type not in KNOWN:
        raise NotFound("schema", event_type)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{PATH}/{event_type}.json",
        **body_schema(event_type),
    }


def install(app: FastAPI) -> None:
    """Let the application serve the schemas, and the list of them."""

    async def known() -> JSONResponse:
        return JSONResponse({one: f"{PATH}/{one}.json" for one in KNOWN})

    async def one(event_type: str) -> JSONResponse:
        return JSONResponse(document(event_type), media_type=MEDIA_TYPE)

    app.add_api_route(PATH, known, include_in_schema=False)
    app.add_api_route(f"{PATH}/{{event_type}}.json", one, include_in_schema=False)

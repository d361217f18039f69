# SPDX-License-Identifier: Apache-2.0
"""The REST API of the bridge, as one ASGI application."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from bridge.api import (
    asyncapi,
    deliveries,
    docs,
    event_schemas,
    events,
    explaining,
    listeners,
    mistral,
    pieces,
    probes,
    problems,
    quarantine,
    replays,
    subscriptions,
    tokens,
    workbooks,
)
from bridge.api.door import Door
from bridge.api.parts import Parts
from bridge.api.roles import need
from bridge.shape.faults import field_names
from bridge.shape.listener import Listener
from bridge.shape.replay import NewReplay, Registration
from bridge.shape.subscription import Subscription

__all__ = ["Parts", "build"]

_ROOMS: Final = (
    listeners,
    mistral,
    subscriptions,
    workbooks,
    pieces,
    deliveries,
    replays,
    events,
    explaining,
    tokens,
    quarantine,
    probes,
)

_SCHEMES: Final[dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of notifier-bridge token-create; where `[api] auth` is "
        "`none`, nobody has to show one. Roles: reader, member, admin.",
    },
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Auth-Token",
        "description": "The same, as clients of OpenStack send it.",
    },
}


class Api(FastAPI):
    """An application whose description says how errors are told, and who may do what."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is not None:
            return self.openapi_schema
        document = super().openapi()
        document["components"]["securitySchemes"] = _SCHEMES
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                needed = need(method.upper(), path)
                if needed is not None:
                    operation["security"] = [{name: [needed.role]} for name in _SCHEMES]
                content = operation["responses"]["default"]["content"]
                if "application/json" in content:
                    content[problems.MEDIA_TYPE] = content.pop("application/json")
        return document


def build(parts: Parts, *, probes_only: bool = False) -> FastAPI:
    """Return the application.

    Args:
        parts: The rest of the bridge; neither opened nor closed here.
        probes_only: Answer those alone who keep the bridge running.
    """
    app = Api(
        title="workflow-notifier bridge",
        summary="Who is told what happens to executions and tasks, and how it went.",
        version=version("workflow-notifier"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # that page loads its parts from somebody else's server
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        responses={"default": {"model": problems.Problem, "description": "Refused"}},
    )
    for room in (probes,) if probes_only else _ROOMS:
        app.include_router(room.router(parts))
    if not probes_only:
        for room in (docs, asyncapi, event_schemas):
            room.install(app)
    filters = (
        listeners.ListenerFilter,
        deliveries.DeliveryFilter,
        replays.ReplayFilter,
        tokens.TokenFilter,
        quarantine.QuarantineFilter,
        subscriptions.SubscriptionFilter,
        explaining.ExplanationFilter,
        workbooks.WorkbookFilter,
    )
    query = {name for one in filters for name in field_names(one)}
    bodies = (
        Listener,
        Registration,
        NewReplay,
        mistral.WorkbookListener,
        Subscription,
        tokens.NewToken,
        workbooks.Sent,
    )
    body = {name for one in bodies for name in field_names(one)}
    problems.install(app, {"query": query, "body": body})
    app.add_middleware(Door, sign_in=parts.sign_in)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name

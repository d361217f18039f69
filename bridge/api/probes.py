# SPDX-License-Identifier: Apache-2.0
"""``/healthz``, ``/readyz``, ``/metrics``: for those who keep the bridge running."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from bridge.api.parts import Parts


class Health(BaseModel):
    """Whether the bridge does its work, and why not."""

    ready: bool
    reasons: list[str]


class ProbeRoutes:
    """The handlers, on the event loop: they answer also when every thread is busy."""

    def __init__(self, parts: Parts) -> None:
        self._health = parts.health
        self._metrics = parts.metrics

    async def healthz(self) -> Response:
        """Tell that the process is alive."""
        return JSONResponse({"alive": True})

    async def readyz(self) -> Response:
        """Tell whether events are taken in and the database answers; else 503."""
        reasons = list(self._health())
        body = {"ready": not reasons, "reasons": reasons}
        return JSONResponse(body, 503 if reasons else 200)

    async def metrics(self) -> Response:
        """Return the metrics in Prometheus' text format."""
        form = "text/plain; version=0.0.4; charset=utf-8"
        return Response(await self._metrics(), media_type=form)


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = ProbeRoutes(parts)
    api = APIRouter(tags=["operation"])
    api.add_api_route("/healthz", routes.healthz, name="healthz")
    api.add_api_route(
        "/readyz",
        routes.readyz,
        name="readyz",
        response_model=Health,
        responses={503: {"model": Health, "description": "Not ready"}},
    )
    api.add_api_route(
        "/metrics",
        routes.metrics,
        name="metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    return api

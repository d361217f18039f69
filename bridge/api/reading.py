# SPDX-License-Identifier: Apache-2.0
"""Reads the JSON of requests as strictly as that of events (ASGI, on the loop)."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.routing import APIRoute

from notifier.errors import InvalidEvent
from notifier.wire.body import decode_json, encode_json

_Row = tuple[str, Callable[..., Any], str, str, int, Any]


class StrictRequest(Request):
    """Refuses JSON that two readers may understand differently."""

    async def json(self) -> Any:  # noqa: ANN401 - JSON's edge
        """Return what the body holds.

        Raises:
            HTTPException: 400; it is no such JSON.
        """
        try:
            value = decode_json(await self.body())
            encode_json("body", value)  # half a surrogate pair fits no database
        except InvalidEvent as err:
            raise HTTPException(400, f"{err.field}: {err.reason}") from err
        return value


class StrictRoute(APIRoute):
    """A route whose body is read by `StrictRequest`."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which FastAPI asks for once."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


def strict_routes(tag: str, *rows: _Row) -> APIRouter:
    """Return routes whose bodies are read by `StrictRequest`.

    Args:
        tag: Under which the description of the API lists them.
        *rows: Path, handler, method, name, usual status and the shape of the answer.
    """
    api = APIRouter(tags=[tag], route_class=StrictRoute)
    for path, handler, method, name, status, answer in rows:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            name=name,
            status_code=status,
            response_model=answer,
        )
    return api

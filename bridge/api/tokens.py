# SPDX-License-Identifier: Apache-2.0
"""``/v1/tokens`` and ``/v1/access``: let others in, keep them out, and who am I."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bridge.api.parts import Parts
from bridge.api.reading import strict_routes
from bridge.api.roles import Caller
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT
from bridge.issuer import DEFAULT_LIFE, MAX_LIFE
from bridge.model import Role, TokenId
from bridge.shape.shown import token_json
from bridge.shape.strict import Strict

PATH: Final = "/v1/tokens"

_DAY: Final = timedelta(days=1)


class NewToken(Strict):
    """Who is to be let into a project, and as what."""

    project: str | None = Field(None, description="Default: that of who asks.")
    role: Role = Field(strict=False)
    name: str | None = Field(None, description="For people.")
    expires_in_days: float | None = Field(
        DEFAULT_LIFE / _DAY, gt=0, le=MAX_LIFE / _DAY, description="null: never."
    )


class TokenShown(BaseModel):
    """A token, without its text."""

    id: str
    project: str | None = Field(description="null: it is good for every one.")
    role: Role
    name: str | None
    created_at: str
    expires_at: str | None


class TokenMade(TokenShown):
    """A new token; `token` is what is sent as `Authorization: Bearer`."""

    token: str = Field(description="Shown this once.")


class TokenPage(BaseModel):
    """Some tokens, the oldest first; `next` is the `after` of the page behind."""

    tokens: list[TokenShown]
    next: str | None


class AccessShown(BaseModel):
    """What whoever asks may do."""

    project: str | None = Field(description="null: in every one.")
    role: Role
    token_id: str | None = Field(description="null: nobody has to sign in here.")


class TokenFilter(BaseModel):
    """Which tokens are asked for."""

    model_config = ConfigDict(extra="forbid")

    project: str | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="`next` of the page before.")


class TokenRoutes:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.token_store
        self._issuer = parts.issuer

    def add(self, caller: Caller, wanted: NewToken) -> Response:
        """Make a token for one project. Its text is in this answer only."""
        days = wanted.expires_in_days
        issued = self._issuer.issue(
            caller.own(wanted.project),
            wanted.role,
            name=wanted.name,
            life=None if days is None else timedelta(days=days),
        )
        body = token_json(issued.token) | {"token": issued.text}
        headers = {"Location": f"{PATH}/{issued.token.id}", "Cache-Control": "no-store"}
        return JSONResponse(body, 201, headers)

    def find(self, caller: Caller, wanted: Annotated[TokenFilter, Query()]) -> Response:
        """List tokens, the oldest first."""
        after = None if wanted.after is None else TokenId(wanted.after)
        found = self._store.find(
            limit=wanted.limit + 1, after=after, project=caller.within(wanted.project)
        )
        page = found[: wanted.limit]
        more = len(found) > len(page)
        return JSONResponse(
            {
                "tokens": [token_json(one) for one in page],
                "next": page[-1].id if more else None,
            }
        )

    def get(self, caller: Caller, token_id: str) -> Response:
        """Show one token."""
        return JSONResponse(
            token_json(self._store.get(caller.project, TokenId(token_id)))
        )

    def remove(self, caller: Caller, token_id: str) -> Response:
        """Revoke a token: within five seconds it opens nothing any more."""
        self._issuer.revoke(caller.project, TokenId(token_id))
        return Response(status_code=204)

    async def access(self, caller: Caller) -> Response:
        """Tell what whoever asks may do."""
        return JSONResponse(
            {
                "project": caller.project,
                "role": caller.role.value,
                "token_id": caller.token_id,
            }
        )


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = TokenRoutes(parts)
    one = f"{PATH}/{{token_id}}"
    return strict_routes(
        "tokens",
        (PATH, routes.add, "POST", "add_token", 201, TokenMade),
        (PATH, routes.find, "GET", "find_tokens", 200, TokenPage),
        (one, routes.get, "GET", "get_token", 200, TokenShown),
        (one, routes.remove, "DELETE", "remove_token", 204, None),
        ("/v1/access", routes.access, "GET", "get_access", 200, AccessShown),
    )

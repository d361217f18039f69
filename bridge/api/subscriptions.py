# SPDX-License-Identifier: Apache-2.0
"""``/subscriptions``: the same listeners, by the CloudEvents Subscriptions API 0.1.

They are those with a callback of type ``http``; what else there is stands under
``/v1/listeners``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge import model
from bridge.api.parts import Parts
from bridge.api.reading import strict_routes
from bridge.api.roles import Caller
from bridge.api.schemas import DEFAULT_LIMIT, MAX_LIMIT
from bridge.errors import Invalid, NotFound
from bridge.model import Access, ListenerId
from bridge.shape.listener import NewListener
from bridge.shape.subscription import Subscription, subscription_json

PATH: Final = "/subscriptions"


class SubscriptionFilter(BaseModel):
    """Which subscriptions are asked for."""

    model_config = ConfigDict(extra="forbid")

    project: str | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, description="As the header Link has it.")


class SubscriptionRoutes:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.listener_store
        self._registrar = parts.registrar

    def add(self, caller: Caller, subscription: Subscription) -> Response:
        """Subscribe. The signing secret is in this answer only, in `config`."""
        draft = _draft(subscription, None)
        named = subscription.config.get("project")
        with _in_its_words(subscription):
            kept = self._registrar.add(replace(draft, project=caller.own(named)))
        body = subscription_json(kept)
        body["config"]["secret"] = kept.secret
        return JSONResponse(body, 201, {"Location": f"{PATH}/{kept.id}"})

    def find(
        self, caller: Caller, wanted: Annotated[SubscriptionFilter, Query()]
    ) -> Response:
        """List subscriptions, the oldest first; the header Link leads to more."""
        found = self._store.find(
            limit=wanted.limit + 1,
            after=None if wanted.after is None else ListenerId(wanted.after),
            project=caller.within(wanted.project),
        )
        page = found[: wanted.limit]
        headers = {}
        if len(found) > len(page):
            query = wanted.model_dump(exclude_none=True) | {"after": page[-1].id}
            headers["Link"] = f'<{PATH}?{urlencode(query)}>; rel="next"'
        shown = [subscription_json(one) for one in page if _is_webhook(one)]
        return JSONResponse(shown, headers=headers)

    def get(self, caller: Caller, listener_id: str) -> Response:
        """Show one subscription."""
        return JSONResponse(subscription_json(self._current(caller, listener_id)))

    def replace(
        self, caller: Caller, listener_id: str, subscription: Subscription
    ) -> Response:
        """Replace a subscription; it keeps its secret unless a new one is given."""
        current = self._current(caller, listener_id)
        if subscription.id not in (None, current.id):
            raise Invalid("id", "cannot be changed")
        draft = _draft(subscription, current)
        with _in_its_words(subscription):
            kept = self._registrar.change(current, draft)
        return JSONResponse(subscription_json(kept))

    def remove(self, caller: Caller, listener_id: str) -> Response:
        """End a subscription, and show what it was; what waits for it is cancelled."""
        current = self._current(caller, listener_id)
        self._registrar.remove(current)
        return JSONResponse(subscription_json(current))

    def _current(self, caller: Access, listener_id: str) -> model.Listener:
        found = self._store.get(caller.project, ListenerId(listener_id))
        if not _is_webhook(found):
            raise NotFound("subscription", listener_id)
        return found


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = SubscriptionRoutes(parts)
    one = f"{PATH}/{{listener_id}}"
    return strict_routes(
        "subscriptions (CloudEvents)",
        (PATH, routes.add, "POST", "add_subscription", 201, Subscription),
        (PATH, routes.find, "GET", "find_subscriptions", 200, list[Subscription]),
        (one, routes.get, "GET", "get_subscription", 200, Subscription),
        (one, routes.replace, "PUT", "replace_subscription", 200, Subscription),
        (one, routes.remove, "DELETE", "remove_subscription", 200, Subscription),
    )


def _is_webhook(listener: model.Listener) -> bool:
    return listener.callback.type == "http"


def _draft(
    subscription: Subscription, current: model.Listener | None
) -> model.ListenerDraft:
    members: dict[str, Any] = subscription.listener(current)
    with _in_its_words(subscription):
        try:
            return NewListener.model_validate(members).draft(current)
        except ValidationError as err:
            found = [{**one, "loc": ("body", *_place(one))} for one in err.errors()]
            raise RequestValidationError(found) from err


def _place(error: Any) -> tuple[str | int, ...]:  # noqa: ANN401 - as pydantic has it
    first, *rest = error["loc"]
    return (
        ("protocolsettings", *rest) if first == "callback" else ("config", first, *rest)
    )


@contextmanager
def _in_its_words(subscription: Subscription) -> Iterator[None]:
    try:
        yield
    except Invalid as err:
        raise Invalid(subscription.said(err.field), err.reason) from err

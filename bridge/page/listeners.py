# SPDX-License-Identifier: Apache-2.0
"""Listeners: found, looked at, made, changed, paused, tried out, given new secrets."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

from bridge.api.listeners import ListenerRoutes
from bridge.api.parts import Parts
from bridge.api.shown import delivery_json
from bridge.errors import Conflict, Invalid, OutOfDate
from bridge.model import Delivery, Listener, ListenerId, State
from bridge.page.listener_form import (
    blank,
    faults,
    form_page,
    new_listener,
    patch_of,
    sent_values,
    values_of,
)
from bridge.page.mishaps import body_of
from bridge.page.rendering import redirect, render
from bridge.page.trying import explained
from bridge.page.visit import Visit
from bridge.shape.shown import breaker_json, listener_json

_PAGE: Final = 50
_SPARK: Final = 20
_LATEST: Final = 10


class ListenerPages:
    """The handlers; all but `test` block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.listener_store
        self._lanes = parts.lane_store
        self._glance = parts.glance
        self._now = parts.now
        self._routes = ListenerRoutes(parts)

    def find(self, visit: Visit) -> Response:
        """List listeners, the oldest first."""
        text, after = visit.query.get("search"), visit.query.get("after")
        found = self._store.find(
            limit=_PAGE + 1,
            after=ListenerId(after) if after else None,
            text=text or None,
            project=visit.access.project,
        )
        page = found[:_PAGE]
        return render(
            visit,
            "listeners.html",
            listeners=self._shown(page),
            search=text,
            next=page[-1].id if len(found) > len(page) else None,
            removed=visit.query.get("done") == "removed",
        )

    def get(self, visit: Visit) -> Response:
        """Show one."""
        return self._page(visit, self._current(visit))

    def blank(self, visit: Visit) -> Response:
        """Show the form of a new one."""
        return form_page(visit, blank(visit.query))

    def add(self, visit: Visit) -> Response:
        """Register one, and show its secret."""
        values = sent_values(visit.form)
        try:
            shown = body_of(self._routes.add(visit.access, new_listener(values)))
        except (ValidationError, Invalid) as err:
            return form_page(visit, values, errors=faults(err), status=422)
        except Conflict as err:
            return form_page(visit, values, errors=[("name", str(err))], status=409)
        kept = self._store.get(None, ListenerId(str(shown["id"])))
        return self._page(visit, kept, secret=str(shown["secret"]), news="added")

    def edit(self, visit: Visit) -> Response:
        """Show the form of one that is known."""
        return form_page(visit, values_of(self._current(visit)))

    def change(self, visit: Visit) -> Response:
        """Let one be as the form says."""
        values = sent_values(visit.form)
        values = {**values, "id": visit.params["listener_id"]}
        etag = f'"{values["revision"]}"'
        try:
            patch = patch_of(values, self._current(visit))
            self._routes.patch(visit.access, values["id"], patch, etag)
        except (RequestValidationError, Invalid) as err:
            return form_page(visit, values, errors=faults(err), status=422)
        except OutOfDate:
            told = "somebody else has changed it meanwhile; load it again"
            return form_page(visit, values, errors=[("revision", told)], status=412)
        except Conflict as err:
            return form_page(visit, values, errors=[("name", str(err))], status=409)
        return redirect(f"/listeners/{values['id']}?done=changed")

    def pause(self, visit: Visit) -> Response:
        """Turn one off: nothing is sent, and what comes in is not kept for it."""
        return self._switch(visit, enabled=False)

    def resume(self, visit: Visit) -> Response:
        """Turn one on again."""
        return self._switch(visit, enabled=True)

    async def test(self, visit: Visit) -> Response:
        """Send a ping, and show what came of it."""
        listener_id = visit.params["listener_id"]
        outcome = body_of(await self._routes.test(visit.access, listener_id))
        listener = await run_in_threadpool(self._current, visit)
        return await run_in_threadpool(self._page, visit, listener, outcome=outcome)

    def rotate(self, visit: Visit) -> Response:
        """Give one new secrets, and show them."""
        answer = self._routes.rotate(visit.access, visit.params["listener_id"])
        secret = str(body_of(answer)["secret"])
        return self._page(visit, self._current(visit), secret=secret, news="rotated")

    def remove(self, visit: Visit) -> Response:
        """Remove one; what waits for it ends as cancelled."""
        self._routes.remove(visit.access, visit.params["listener_id"])
        return redirect("/listeners?done=removed")

    def _switch(self, visit: Visit, *, enabled: bool) -> Response:
        listener_id = visit.params["listener_id"]
        self._routes.patch(visit.access, listener_id, {"enabled": enabled})
        return redirect(f"/listeners/{listener_id}")

    def _current(self, visit: Visit) -> Listener:
        key = ListenerId(visit.params["listener_id"])
        return self._store.get(visit.access.project, key)

    def _page(
        self,
        visit: Visit,
        listener: Listener,
        *,
        secret: str | None = None,
        news: str | None = None,
        outcome: Mapping[str, Any] | None = None,
    ) -> Response:
        (shown,) = self._shown([listener])
        done = visit.query.get("done")
        return render(
            visit,
            "listener.html",
            listener=shown,
            events=explained(listener.events),
            secret=secret,
            news=news if done != "changed" else done,
            outcome=outcome,
        )

    def _shown(self, listeners: Sequence[Listener]) -> list[dict[str, Any]]:
        ids = [one.id for one in listeners]
        states = self._lanes.find(ids, self._now())
        latest = self._glance.latest_of(ids, _SPARK)
        return [
            listener_json(one)
            | {
                "breaker": breaker_json(one, states.get(one.id)),
                "latest": [delivery_json(d) for d in latest[one.id][:_LATEST]],
                "last": _last(latest[one.id]),
                "spark": [_bar(d) for d in reversed(latest[one.id])],
                "delivered": sum(d.state is State.DELIVERED for d in latest[one.id]),
            }
            for one in listeners
        ]


def _last(deliveries: Sequence[Delivery]) -> dict[str, Any] | None:
    """Return the delivery that was worked at last."""
    if not deliveries:
        return None
    return delivery_json(max(deliveries, key=lambda one: one.updated_at))


def _bar(delivery: Delivery) -> str:
    """Return how a delivery is drawn: pending ones that failed already stand out."""
    if delivery.state is State.PENDING and delivery.attempts:
        return "failing"
    return delivery.state.value

# SPDX-License-Identifier: Apache-2.0
"""Deliveries: who was told what, what they answered, and once more, please."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from bridge.api.cursors import cursor_of, read_cursor
from bridge.api.deliveries import DeliveryRoutes
from bridge.api.parts import Parts
from bridge.api.shown import attempt_json, delivery_json
from bridge.errors import Conflict, NotFound
from bridge.model import Delivery, DeliveryId, Envelope, Listener, State
from bridge.page.choice import listener_choice
from bridge.page.rendering import redirect, render
from bridge.page.sent import pretty, sent_headers
from bridge.page.visit import Visit

_PAGE: Final = 50
MOST_RETRIED: Final = 1000
"""So many are tried again by one press of a button."""

_FILTERS: Final = ("listener", "event", "execution", "batch", "state")


class DeliveryPages:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.delivery_store
        self._glance = parts.glance
        self._listeners = parts.listener_store
        self._routes = DeliveryRoutes(parts.delivery_store, parts.wake, parts.now)

    def find(self, visit: Visit) -> Response:
        """List deliveries, the latest first."""
        wanted = {name: visit.query.get(name) for name in _FILTERS}
        if wanted["state"] not in {one.value for one in State}:
            wanted["state"] = ""
        return self._list(visit, "deliveries.html", wanted)

    def dead(self, visit: Visit) -> Response:
        """List those that were given up, to be tried again."""
        wanted = {"listener": visit.query.get("listener"), "state": State.DEAD.value}
        return self._list(visit, "dead.html", wanted)

    def get(self, visit: Visit) -> Response:
        """Show one: what was sent, and every attempt."""
        key = DeliveryId(visit.params["delivery_id"])
        delivery, attempts = self._store.get(visit.access.project, key)
        listener, envelope = self._listener(delivery), self._envelope(delivery)
        last = attempts[-1].outcome.started_at if attempts else None
        return render(
            visit,
            "delivery.html",
            delivery=delivery_json(delivery),
            attempts=[attempt_json(one) for one in attempts],
            names=self._glance.names([delivery.listener_id]),
            listener=listener,
            headers=(
                None
                if listener is None or envelope is None
                else sent_headers(listener, envelope, delivery, last)
            ),
            body=None if envelope is None else pretty(envelope.body),
        )

    def retry(self, visit: Visit) -> Response:
        """Try one again now."""
        delivery_id = visit.params["delivery_id"]
        self._routes.retry(visit.access, delivery_id)
        return redirect(f"/deliveries/{delivery_id}")

    def retry_many(self, visit: Visit) -> Response:
        """Try those that were chosen again now, or all."""
        listener, retried, left = visit.form.get("listener"), 0, 0
        waits = visit.form.get("state") == State.PENDING.value
        state = State.PENDING if waits else State.DEAD
        chosen = visit.form.all("id")
        if visit.form.get("all"):
            chosen = self._all(visit.access.project, state, listener or None)
        for delivery_id in dict.fromkeys(chosen):
            try:
                self._routes.retry(visit.access, delivery_id)
                retried += 1
            except (Conflict, NotFound):  # its listener was removed, or it was
                left += 1
        told: dict[str, object] = {"retried": retried, "left": left}
        told |= {"listener": listener} if listener else {}
        if waits:
            return redirect(f"/deliveries?{urlencode({'state': state.value, **told})}")
        return redirect(f"/dead?{urlencode(told)}")

    def _all(
        self, project: str | None, state: State, listener: str | None
    ) -> Sequence[str]:
        found = self._store.find(
            limit=MOST_RETRIED,
            project=project,
            state=state.value,
            listener_id=listener,
        )
        return [one.id for one in found]

    def _list(self, visit: Visit, template: str, wanted: dict[str, str]) -> Response:
        after = visit.query.get("after")
        before = read_cursor(after) if after else None
        columns = {"listener": "listener_id", "event": "event_id"}
        columns |= {"execution": "execution_id", "state": "state"}
        columns["batch"] = "batch_id"
        found = self._store.find(
            limit=_PAGE + 1,
            before=None if before is None else (before[0], DeliveryId(before[1])),
            project=visit.access.project,
            **{columns[name]: value or None for name, value in wanted.items()},
        )
        page = found[:_PAGE]
        more = len(found) > len(page)
        return render(
            visit,
            template,
            deliveries=[delivery_json(one) for one in page],
            names=self._glance.names({one.listener_id for one in page}),
            wanted=wanted,
            listeners=listener_choice(self._listeners, visit.access.project),
            states=[one.value for one in State],
            next=cursor_of(page[-1].created_at, page[-1].id) if more else None,
            retried=visit.query.number("retried"),
            left=visit.query.number("left"),
        )

    def _listener(self, delivery: Delivery) -> Listener | None:
        try:
            return self._listeners.get(delivery.project, delivery.listener_id)
        except NotFound:
            return None

    def _envelope(self, delivery: Delivery) -> Envelope | None:
        key = delivery.event_source, delivery.event_id
        try:
            return self._glance.event(delivery.project, key).envelope
        except NotFound:  # retention keeps deliveries as long as events; almost
            return None

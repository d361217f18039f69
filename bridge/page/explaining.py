# SPDX-License-Identifier: Apache-2.0
"""The page that tells why an event did or did not reach a listener."""

from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from bridge.api.explaining import ExplanationRoutes
from bridge.api.parts import Parts
from bridge.errors import NotFound
from bridge.model import Listener, ListenerId
from bridge.page.choice import listener_choice
from bridge.page.events import event_row
from bridge.page.rendering import render
from bridge.page.visit import Visit
from bridge.store.events import StoredEvent


class ExplainPages:
    """The handler, on the event loop; what blocks runs on threads."""

    def __init__(self, parts: Parts) -> None:
        self._events = parts.event_store
        self._listeners = parts.listener_store
        self._explain = ExplanationRoutes(parts).explain

    async def show(self, visit: Visit) -> Response:
        """Ask for an event and a listener, and explain."""
        event_id, listener_id = visit.query.get("event"), visit.query.get("listener")
        explanation = stored = error = None
        if event_id and listener_id:
            try:
                stored, listener = await run_in_threadpool(
                    self._both, visit.access.project, event_id, ListenerId(listener_id)
                )
                (explanation,) = await self._explain(stored, [listener])
            except NotFound as err:
                error = f"There is {err}."
        choice = await run_in_threadpool(
            listener_choice, self._listeners, visit.access.project
        )
        return render(
            visit,
            "explain.html",
            event_id=event_id,
            listener_id=listener_id,
            listeners=choice,
            event=None if stored is None else event_row(stored),
            explanation=explanation,
            error=error,
        )

    def _both(
        self, project: str | None, event_id: str, listener_id: ListenerId
    ) -> tuple[StoredEvent, Listener]:
        return (
            self._events.get(project, event_id),
            self._listeners.get(project, listener_id),
        )

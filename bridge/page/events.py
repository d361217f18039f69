# SPDX-License-Identifier: Apache-2.0
"""Events: the latest, one with all that is known of it, and one execution as a story."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from bridge.api.explaining import ExplanationRoutes
from bridge.api.parts import Parts
from bridge.api.shown import attempt_json, delivery_json
from bridge.errors import NotFound
from bridge.model import Delivery, EventKey, Listener
from bridge.page.rendering import render
from bridge.page.sent import pretty
from bridge.page.visit import Visit
from bridge.store.events import StoredEvent
from notifier.topology import accepts
from notifier.wire.body import format_time

SHOWN: Final = 50
LOOKED_AT: Final = 500
"""So many events are looked at for those that a binding accepts."""

MAX_STORY: Final = 500
"""Events of one execution, and deliveries of them."""

MAX_EXPLAINED: Final = 50


class EventPages:
    """The handlers; those that block run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._glance = parts.glance
        self._store = parts.event_store
        self._listeners = parts.listener_store
        self._deliveries = parts.delivery_store
        self._explain = ExplanationRoutes(parts).explain
        self._has_feed = parts.feed is not None

    def find(self, visit: Visit) -> Response:
        """List the latest events that a binding accepts."""
        binding = visit.query.get("binding") or "#"
        before = visit.query.number("before")
        most = LOOKED_AT if binding != "#" else SHOWN
        found = self._glance.events(visit.access.project, limit=most + 1, before=before)
        looked_at = found[:most]
        fitting = [
            one for one in looked_at if accepts(binding, one.envelope.routing_key)
        ]
        page = fitting[:SHOWN]
        # the last that was shown, or where no more fit, the last that was looked at
        last = page[-1:] if len(fitting) > SHOWN else looked_at[-1:]
        more = len(fitting) > SHOWN or len(found) > most
        return render(
            visit,
            "events.html",
            events=[event_row(one) for one in page],
            binding=binding,
            looked_at=len(looked_at),
            next=last[-1].position if more else None,
            is_first=before is None,
            is_live=self._has_feed and before is None,
        )

    async def get(self, visit: Visit) -> Response:
        """Show one event, who was told of it, and why the others were not."""
        stored, listeners = await run_in_threadpool(self._event, visit)
        explanations = await self._explain(stored, listeners[:MAX_EXPLAINED])
        return render(
            visit,
            "event.html",
            event=event_row(stored),
            attributes=stored.envelope.event.attributes,
            body=pretty(stored.envelope.body),
            explanations=sorted(explanations, key=_told_first),
            most=MAX_EXPLAINED if len(listeners) > MAX_EXPLAINED else None,
        )

    def execution(self, visit: Visit) -> Response:
        """Tell the story of one execution: its events, and who was told of each."""
        project, execution_id = visit.access.project, visit.params["execution_id"]
        events = self._glance.execution(project, execution_id, limit=MAX_STORY)
        if not events:
            raise NotFound("execution", execution_id)
        deliveries = self._deliveries.find(
            limit=MAX_STORY, project=project, execution_id=execution_id
        )
        return render(
            visit,
            "execution.html",
            execution_id=execution_id,
            about=_about(events, deliveries),
            story=self._story(events, deliveries),
            names=self._glance.names({one.listener_id for one in deliveries}),
            is_cut=MAX_STORY in (len(events), len(deliveries)),
        )

    def _event(self, visit: Visit) -> tuple[StoredEvent, Sequence[Listener]]:
        stored = self._store.get(visit.access.project, visit.params["event_id"])
        project = stored.envelope.event.project
        return stored, self._listeners.find(limit=MAX_EXPLAINED + 1, project=project)

    def _story(
        self, events: Sequence[StoredEvent], deliveries: Sequence[Delivery]
    ) -> list[dict[str, Any]]:
        attempts = self._glance.attempts([one.id for one in deliveries])
        told: dict[EventKey, list[dict[str, Any]]] = defaultdict(list)
        for one in reversed(deliveries):
            shown = [attempt_json(attempt) for attempt in attempts.get(one.id, ())]
            key = one.event_source, one.event_id
            told[key].append(delivery_json(one) | {"attempts": shown})
        return [event_row(one) | {"told": told[one.envelope.key]} for one in events]


def event_row(stored: StoredEvent) -> dict[str, Any]:
    """Return what a list shows of an event."""
    event = stored.envelope.event
    task = event.data.get("task") or {}
    return {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": format_time(event.time),
        "received_at": format_time(stored.received_at),
        "project": event.project,
        "workbook": event.workbook,
        "workflow": event.workflow,
        "execution_id": event.execution_id,
        "task": event.task_name or event.task_id,
        "error": task.get("error") or event.data.get("execution", {}).get("error"),
        "routing_key": stored.envelope.routing_key,
        "position": stored.position,
    }


def _about(
    events: Sequence[StoredEvent], deliveries: Sequence[Delivery]
) -> dict[str, Any]:
    """Return what is known of an execution as a whole."""
    rows = [event_row(one) for one in events]
    known = {
        name: next((row[name] for row in rows if row[name]), None)
        for name in ("project", "workbook", "workflow")
    }
    times = sorted(one.envelope.event.time for one in events)
    return {
        **known,
        "first": format_time(times[0]),
        "latest": format_time(times[-1]),
        "states": Counter(one.state.value for one in deliveries),
    }


def _told_first(explanation: dict[str, Any]) -> tuple[bool, bool]:
    return explanation["delivery"] is None, not explanation["matches"]

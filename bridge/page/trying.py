# SPDX-License-Identifier: Apache-2.0
"""Tries a listener's form out while it is written: what its events are, and who fits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from bridge.api.parts import Parts
from bridge.conditions.parse import parse
from bridge.conditions.verdict import Judgement, Verdict
from bridge.errors import Invalid
from bridge.model import CallbackSpec, Listener, ListenerId
from bridge.page.listener_form import Values, event_names, form_page, sent_values
from bridge.page.rendering import HEADERS
from bridge.page.visit import Visit
from bridge.routing.explaining import explain
from bridge.store.events import StoredEvent
from notifier.errors import InvalidEvent
from notifier.event_types import expand

TRIED: Final = 50
"""So many of the latest events are put to it."""

Filters = Sequence[Mapping[str, Any]]

_EVER: Final = datetime.min.replace(tzinfo=UTC)


class Trial:
    """The handler, on the event loop."""

    def __init__(self, parts: Parts) -> None:
        self._glance = parts.glance
        self._listeners = parts.listener_store
        self._judge = parts.judge

    async def check(self, visit: Visit) -> Response:
        """Say what the form's events are, and how many of the latest would fit."""
        values = sent_values(visit.form)
        project = visit.access.own(values["project"].strip() or None)
        filters = await run_in_threadpool(self._filters, visit, values["id"])
        found = await self._try(values, project, filters)
        if visit.wants_json:
            return JSONResponse(found, headers=dict(HEADERS))
        return form_page(visit, values, trial=found)

    def _filters(self, visit: Visit, listener_id: str) -> Filters:
        """Return what the form does not show, and saving it leaves alone."""
        if not listener_id:
            return ()
        key = ListenerId(listener_id)
        return self._listeners.get(visit.access.project, key).filters

    async def _try(
        self, values: Values, project: str, filters: Filters
    ) -> dict[str, Any]:
        events = explained(event_names(values["events"]))
        when, wrong = values["when"].strip() or None, None
        if when is not None:
            try:
                await run_in_threadpool(parse, when)
            except Invalid as err:
                wrong = err.reason
        if wrong is not None or any(one["wrong"] for one in events):
            return {"events": events, "when": wrong, "matched": None, "note": None}
        latest = await run_in_threadpool(self._glance.events, project, limit=TRIED)
        listener = replace(_listener(values, when, project), filters=filters)
        matched, note = await self._count(listener, latest)
        told = f"{matched} of the last {len(latest)} events match"
        if not latest:
            told = "No event has come in yet to try it on"
        return {"events": events, "when": None, "matched": told, "note": note}

    async def _count(
        self, listener: Listener, latest: Sequence[StoredEvent]
    ) -> tuple[int, str | None]:
        matched, note = 0, None
        for stored in latest:
            event = stored.envelope.event
            judgement = await self._judgement(listener, stored)
            explanation = explain(
                listener, event, received_at=stored.received_at, judgement=judgement
            )
            matched += explanation.matches
            if judgement is not None and judgement.verdict is Verdict.ERROR:
                return matched, f"The condition fails: {judgement.reason}"
            if judgement is not None and judgement.verdict is Verdict.MISSING:
                note = f"Not every event has what it asks for: {judgement.reason}"
        return matched, note

    async def _judgement(
        self, listener: Listener, stored: StoredEvent
    ) -> Judgement | None:
        if listener.when is None:
            return None
        (found,) = await self._judge([listener.when], stored.envelope.event.data)
        return found


def explained(names: Sequence[str]) -> list[dict[str, str | None]]:
    """Return what each of a listener's events stands for, or why it does not."""
    told: list[dict[str, str | None]] = []
    for name in names:
        try:
            told.append({"name": name, "means": ", ".join(expand(name)), "wrong": None})
        except InvalidEvent as err:
            told.append({"name": name, "means": None, "wrong": err.reason})
    return told


def _listener(values: Values, when: str | None, project: str) -> Listener:
    return Listener(
        id=ListenerId("trial"),
        project=project,
        name=None,
        events=tuple(event_names(values["events"])),
        callback=CallbackSpec("http"),
        secret="",
        created_at=_EVER,
        updated_at=_EVER,
        workbook=values["workbook"].strip() or None,
        workflow=values["workflow"].strip() or None,
        execution_id=values["execution_id"].strip() or None,
        task=values["task"].strip() or None,
        when=when,
    )

# SPDX-License-Identifier: Apache-2.0
"""The first page: how much there is to do, how it goes, and what needs somebody."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from bridge.api.parts import Parts
from bridge.api.shown import delivery_json
from bridge.errors import NotFound
from bridge.model import State
from bridge.model.lane_state import BreakerState, LaneState
from bridge.page.charts import Chart, chart
from bridge.page.rendering import render
from bridge.page.visit import Visit
from bridge.pulse import Pulse, Span
from bridge.store.glance import COUNTED

STEPS: Final = 96
_LATEST: Final = 8
_ILL: Final = 5
_LOOKED_AT: Final = 100


@dataclass(frozen=True, slots=True)
class Rates:
    """What one bridge does, in the words of the page.

    Attributes:
        worst: The lowest share that succeeded, 0 to 1.
    """

    now: Span
    day: Span
    since: datetime
    events: Chart
    attempts: Chart
    success: Chart
    worst: float


class OverviewPage:
    """The handler; it blocks and runs on threads."""

    def __init__(self, parts: Parts) -> None:
        self._glance = parts.glance
        self._deliveries = parts.delivery_store
        self._listeners = parts.listener_store
        self._lanes = parts.lane_store
        self._now = parts.now
        self._pulse = parts.pulse
        self._health = parts.health

    def show(self, visit: Visit) -> Response:
        """Show how it goes."""
        project = visit.access.project
        latest = self._deliveries.find(limit=_LATEST, project=project)
        names = self._glance.names({one.listener_id for one in latest})
        return render(
            visit,
            "overview.html",
            # sums over all projects are for those who may see every one
            rates=_rates(self._pulse) if visit.sees_all else None,
            reasons=list(self._health()),
            ill=self._ill(project),
            waiting=self._glance.count(State.PENDING, project),
            dead=self._glance.count(State.DEAD, project),
            counted=COUNTED,
            latest=[delivery_json(one) for one in latest],
            names=names,
        )

    def _ill(self, project: str | None) -> list[dict[str, Any]]:
        """Return some of the listeners whose endpoints are left alone, and why."""
        known = [one.listener_id for one in self._lanes.all() if _is_left_alone(one)]
        states = self._lanes.find(known[:_LOOKED_AT], self._now())
        ill = filter(_is_left_alone, states.values())
        shown: list[dict[str, Any]] = []
        for state in ill:
            with suppress(NotFound):  # it was removed, or is another project's
                listener = self._listeners.get(project, state.listener_id)
                if listener.enabled:
                    name = listener.name or listener.id
                    shown.append({"name": name, "id": listener.id, "state": state})
            if len(shown) == _ILL:
                break
        return shown


def _is_left_alone(state: LaneState) -> bool:
    return state.breaker is not BreakerState.CLOSED


def _shares(course: Sequence[Span]) -> list[float]:
    """Return the share that succeeded in each span; where nothing was tried, as before."""
    shares, last = [], 1.0
    for one in course:
        last = last if one.success is None else one.success
        shares.append(last)
    return shares


def _rates(pulse: Pulse) -> Rates:
    course = pulse.course(STEPS)
    shares = _shares(course)
    return Rates(
        now=pulse.latest(),
        day=pulse.day(),
        since=pulse.day().ends_at - pulse.day().lasted,
        events=chart([one.events_per_second for one in course]),
        attempts=chart([one.attempts_per_second for one in course]),
        success=chart(shares, top=1.0),
        worst=min(shares),
    )

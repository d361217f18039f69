# SPDX-License-Identifier: Apache-2.0
"""The quarantine: messages that were set aside, to be looked at, tried again, dropped."""

from starlette.responses import Response

from bridge.api.parts import Parts
from bridge.api.quarantine import QuarantineFilter, QuarantineRoutes
from bridge.page.mishaps import body_of
from bridge.page.rendering import redirect, render
from bridge.page.visit import Visit


class QuarantinePages:
    """The handlers; they block and run on threads."""

    def __init__(self, parts: Parts) -> None:
        self._routes = QuarantineRoutes(parts.quarantine_store, parts.requeue)

    def find(self, visit: Visit) -> Response:
        """List what was set aside, the latest first."""
        after = visit.query.get("after") or None
        wanted = QuarantineFilter(limit=50, after=after)
        found = body_of(self._routes.find(visit.access, wanted))
        done = visit.query.get("done")
        return render(
            visit,
            "quarantine.html",
            messages=found["quarantine"],
            next=found["next"],
            done=done if done in {"requeued", "dropped"} else None,
        )

    def get(self, visit: Visit) -> Response:
        """Show one with all that came with it."""
        shown = body_of(self._routes.get(visit.access, visit.params["message_id"]))
        return render(visit, "quarantined.html", message=shown)

    def requeue(self, visit: Visit) -> Response:
        """Let one be handled once more."""
        self._routes.requeue(visit.access, visit.params["message_id"])
        return redirect("/quarantine?done=requeued")

    def drop(self, visit: Visit) -> Response:
        """Forget one, for good."""
        self._routes.drop(visit.access, visit.params["message_id"])
        return redirect("/quarantine?done=dropped")

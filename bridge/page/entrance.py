# SPDX-License-Identifier: Apache-2.0
"""Signing in with a token, and out again."""

from typing import Final

from starlette.responses import Response

from bridge.api.admission import Admission
from bridge.api.refusal import Refusal
from bridge.page.rendering import redirect, render
from bridge.page.sessions import COOKIE, LASTS, Sessions
from bridge.page.visit import Visit

_TOLD: Final = {
    401: "That token is wrong, revoked or expired.",
    429: "Too many wrong tokens came from your address. Wait a minute.",
}
"""By HTTP's status; of others the reason itself is told."""


class Entrance:
    """The handlers, on the event loop.

    Args:
        sign_in: Knows whose a token is; None: nobody has to show one.
        sessions: Of those who did.
    """

    def __init__(self, sign_in: Admission | None, sessions: Sessions) -> None:
        self._sign_in = sign_in
        self._sessions = sessions

    async def show(self, visit: Visit) -> Response:
        """Ask for a token."""
        if self._sign_in is None:
            return redirect("/")
        return render(visit, "sign-in.html", error=None)

    async def enter(self, visit: Visit) -> Response:
        """Take a token, and give a session for it."""
        if self._sign_in is None:
            return redirect("/")
        shown = {"authorization": f"Bearer {visit.form.get('token')}"}
        found = await self._sign_in.admit(shown, visit.address)
        if isinstance(found, Refusal):
            error = _TOLD.get(found.status, found.reason)
            return render(visit, "sign-in.html", status=found.status, error=error)
        assert found.token_id is not None  # noqa: S101 - whoever is let in has shown one
        answer = redirect("/")
        answer.set_cookie(
            COOKIE,
            self._sessions.new(found.token_id),
            max_age=int(LASTS.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=visit.is_private,
        )
        return answer

    async def leave(self, _: Visit) -> Response:
        """End the session in this browser."""
        answer = redirect("/sign-in")
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

# SPDX-License-Identifier: Apache-2.0
"""Tells listeners by webhook; general rather than fast: on requests, in threads.

The event loop keeps the time: at an attempt's deadline it reports the outcome and cuts
the connection, whatever the thread waits for. A look-up of a name cannot be cut; it
holds its thread a while longer, but no attempt.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from requests import ConnectionError as NoAnswerError
from requests import PreparedRequest, RequestException, Response
from urllib3.exceptions import HTTPError

from bridge.callbacks.adapter import PinnedAdapter, read_answer
from bridge.callbacks.answer import LATE, MAX_READ_BYTES, answered
from bridge.callbacks.attempts import CLOSE_SECONDS, Attempt, Attempts
from bridge.callbacks.connections import Flight
from bridge.callbacks.failures import explain, is_hang_up, is_timeout
from bridge.callbacks.guard import Guard
from bridge.callbacks.request import body_of, check_webhook, headers_of, own_name
from bridge.callbacks.shares import Shares
from bridge.callbacks.trust import trust
from bridge.callbacks.workers import Job, Workers
from bridge.errors import Invalid
from bridge.model import Call, CallbackSpec, CertificateAuth, Outcome, OutcomeKind

DEFAULT_THREADS: Final = 128
_log: Final = logging.getLogger(__name__)


class HttpCallback:
    """The `Callback` for webhooks.

    Args:
        loop: Runs `done`, and keeps the time.
        guard: Says which addresses may be reached.
        threads: So many attempts at a time, 1 or more, at most half of them to one
            URL; others wait in line, and their time runs. Default: 128.
        user_agent: Default: ``workflow-notifier/<version>``.
        ca_bundle: PEM file of the authorities to trust. Default: those of certifi.

    Example:
        >>> async def add() -> None:
        ...     webhooks = HttpCallback(asyncio.get_running_loop(), Guard())
        ...     try:
        ...         webhooks.check(CallbackSpec("http", "http://localhost/hook"))
        ...     finally:
        ...         webhooks.close()
        >>> asyncio.run(add())
        Traceback (most recent call last):
        bridge.errors.Invalid: callback.url: 127.0.0.1 is loopback; an operator can \
allow it: [callbacks] allow_addresses = 127.0.0.1/32
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        guard: Guard,
        *,
        threads: int = DEFAULT_THREADS,
        user_agent: str | None = None,
        ca_bundle: Path | None = None,
    ) -> None:
        self._loop = loop
        self._guard = guard
        self._user_agent = own_name() if user_agent is None else user_agent
        self._adapter = PinnedAdapter(guard, partial(trust, ca_bundle), threads)
        self._workers = Workers(threads, "webhook")
        self._shares: Shares[str | None, Job] = Shares(threads)
        self._attempts = Attempts(loop, "no thread free for")
        self._is_closed = False

    def check(self, spec: CallbackSpec) -> None:
        """Refuse a URL, method, header or timeout that cannot be; see `Callback`."""
        check_webhook(spec, self._guard)

    def obey(self, guard: Guard) -> None:
        """Reach what another guard allows from now on, and nothing else; any thread."""
        self._guard = guard
        self._adapter.obey(guard)

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt; see `Callback`."""
        attempt = self._attempts.begin(call, done)
        if attempt is None:
            return
        auth = call.listener.callback.auth
        certificate = auth if isinstance(auth, CertificateAuth) else None
        flight = Flight(attempt.started + attempt.seconds, certificate)
        attempt.cut = flight.cut
        job = partial(self._work, attempt, flight)
        if self._shares.enter(call.listener.callback.url, job):
            self._workers.run(job)

    def close(self) -> None:
        """End what is open; see `Callback`. Blocks for about a second at most."""
        if self._is_closed:
            return
        self._is_closed = True
        self._attempts.close()
        self._workers.close(CLOSE_SECONDS)
        self._adapter.close()

    def _land(self, attempt: Attempt, outcome: Outcome | None) -> None:
        if outcome is not None:
            self._attempts.end(attempt, outcome)
        for job in self._shares.leave(attempt.call.listener.callback.url):
            if not self._is_closed:
                self._workers.run(job)

    # On a worker's thread.

    def _work(self, attempt: Attempt, flight: Flight) -> None:
        outcome = None if flight.is_cut else self._outcome(attempt, flight)
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(self._land, attempt, outcome)

    def _outcome(self, attempt: Attempt, flight: Flight) -> Outcome:
        attempt.late = LATE
        try:
            return self._tell(attempt, flight)
        except Exception as err:  # noqa: BLE001 - a loop's edge: logged, and told
            _log.exception("an attempt failed in the bridge itself")
            error = f"the bridge failed: {type(err).__name__}"
            return attempt.outcome(OutcomeKind.FAILED, error=error)

    def _tell(self, attempt: Attempt, flight: Flight) -> Outcome:
        try:
            self._guard.check_scheme(attempt.call.listener.callback.url or "")
            response = self._send(attempt.call, flight)
            attempt.status = response.status_code
            body = read_answer(response, MAX_READ_BYTES)
        except Invalid as err:
            return attempt.outcome(OutcomeKind.BLOCKED, error=err.reason)
        except (RequestException, HTTPError, OSError) as err:
            if is_timeout(err):
                return attempt.timed_out()
            return attempt.outcome(OutcomeKind.FAILED, error=explain(err))
        wish = response.headers.get("Retry-After")
        return answered(attempt, response.status_code, wish, body)

    def _send(self, call: Call, flight: Flight) -> Response:
        request = self._request(call)
        while True:
            try:
                return self._adapter.fly(flight, request)
            except NoAnswerError as err:
                # A receiver may close a kept connection just as it is used again.
                # That is no failure, and ends: each try uses one up.
                if flight.is_fresh or flight.is_cut or not is_hang_up(err):
                    raise

    def _request(self, call: Call) -> PreparedRequest:
        spec = call.listener.callback
        request = PreparedRequest()
        request.prepare(
            method=spec.method,
            url=spec.url,
            headers=headers_of(
                call, timestamp=int(time.time()), user_agent=self._user_agent
            ),
            data=body_of(call),
        )
        return request

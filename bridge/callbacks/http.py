# SPDX-License-Identifier: Apache-2.0
"""Tells listeners by webhook; general rather than fast: on requests, in threads.

The event loop keeps the time: at an attempt's deadline it reports the outcome and cuts
the connection, whatever the thread waits for. A look-up of a name cannot be cut; it
holds its thread a while longer, but no attempt.
"""

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from requests import ConnectionError as NoAnswerError
from requests import PreparedRequest, RequestException, Response
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from bridge.callbacks.adapter import PinnedAdapter, read_answer
from bridge.callbacks.answer import kept, meaning_of, retry_after, secrets_of
from bridge.callbacks.connections import Flight
from bridge.callbacks.failures import explain, is_hang_up, is_timeout
from bridge.callbacks.guard import FIELD, Guard, target_of
from bridge.callbacks.request import check_request, headers_of
from bridge.callbacks.workers import Workers
from bridge.errors import Invalid
from bridge.model import Call, CallbackSpec, CertificateAuth, Outcome, OutcomeKind

DEFAULT_THREADS: Final = 64
MAX_READ_BYTES: Final = 64 * 1024
"""So much of an answer's body is read; then the connection is closed."""

_CLOSE_SECONDS: Final = 1.0

_log: Final = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Attempt:
    call: Call
    done: Callable[[Outcome], None]
    flight: Flight
    started_at: datetime
    started: float
    has_begun: bool = False
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    def outcome(self, kind: OutcomeKind, **rest: Any) -> Outcome:  # noqa: ANN401 - of Outcome
        duration = timedelta(seconds=time.monotonic() - self.started)
        return Outcome(kind, self.started_at, duration, **rest)

    def timed_out(self, status: int | None = None) -> Outcome:
        seconds = self.call.listener.callback.timeout.total_seconds()
        what = "no complete answer within" if self.has_begun else "no thread free for"
        error = f"{what} {seconds:g} s"
        return self.outcome(OutcomeKind.TIMED_OUT, status=status, error=error)


class HttpCallback:
    """The `Callback` for webhooks.

    Args:
        loop: Runs `done`, and keeps the time.
        guard: Says which addresses may be reached.
        threads: So many attempts at a time, 1 or more; others wait in line, and
            their time runs. Default: 64.
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
        if user_agent is None:
            user_agent = f"workflow-notifier/{version('workflow-notifier')}"
        self._loop = loop
        self._guard = guard
        self._user_agent = user_agent
        self._adapter = PinnedAdapter(guard, partial(_tls, ca_bundle), threads)
        self._workers = Workers(threads, "webhook")
        self._open: set[_Attempt] = set()
        self._is_closed = False

    def check(self, spec: CallbackSpec) -> None:
        """Refuse a URL, method, header or timeout that cannot be; see `Callback`.

        A name that cannot be looked up now is no reason: it may come up later, and
        each connection is checked again.
        """
        if spec.url is None:
            raise Invalid(FIELD, "is missing")
        target = target_of(spec.url)
        check_request(spec)
        with suppress(OSError):
            self._guard.resolve(target)

    def obey(self, guard: Guard) -> None:
        """Reach what another guard allows from now on, and nothing else; any thread."""
        self._guard = guard
        self._adapter.obey(guard)

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt; see `Callback`."""
        spec = call.listener.callback
        seconds = spec.timeout.total_seconds()
        certificate = spec.auth if isinstance(spec.auth, CertificateAuth) else None
        now = time.monotonic()
        flight = Flight(now + seconds, certificate)
        attempt = _Attempt(call, done, flight, datetime.now(UTC), now)
        self._open.add(attempt)
        if self._is_closed:
            self._loop.call_soon(self._lose, attempt)
            return
        attempt.timer = self._loop.call_later(seconds, self._expire, attempt)
        self._workers.run(partial(self._work, attempt))

    def close(self) -> None:
        """End what is open; see `Callback`. Blocks for about a second at most."""
        if self._is_closed:
            return
        self._is_closed = True
        if not self._loop.is_running() or _running_loop() is self._loop:
            self._lose_all()
        else:
            told = threading.Event()
            self._loop.call_soon_threadsafe(self._lose_all)
            self._loop.call_soon_threadsafe(told.set)
            told.wait(_CLOSE_SECONDS)
        self._workers.close(_CLOSE_SECONDS)
        self._adapter.close()

    # On the loop's thread.

    def _end(self, attempt: _Attempt, outcome: Outcome) -> None:
        if attempt not in self._open:
            return  # reported already: its time was up, or the bridge closes
        self._open.remove(attempt)
        if attempt.timer is not None:
            attempt.timer.cancel()
        attempt.done(outcome)

    def _expire(self, attempt: _Attempt) -> None:
        attempt.flight.cut()
        self._end(attempt, attempt.timed_out())

    def _lose(self, attempt: _Attempt) -> None:
        attempt.flight.cut()
        self._end(attempt, attempt.outcome(OutcomeKind.LOST, error="the bridge ended"))

    def _lose_all(self) -> None:
        for attempt in tuple(self._open):
            self._lose(attempt)

    # On a worker's thread.

    def _work(self, attempt: _Attempt) -> None:
        if attempt.flight.is_cut:
            return
        attempt.has_begun = True
        try:
            outcome = self._tell(attempt)
        except Exception as err:  # noqa: BLE001 - a loop's edge: logged, and told
            _log.exception("an attempt failed in the bridge itself")
            error = f"the bridge failed: {type(err).__name__}"
            outcome = attempt.outcome(OutcomeKind.FAILED, error=error)
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(self._end, attempt, outcome)

    def _tell(self, attempt: _Attempt) -> Outcome:
        status = None
        try:
            response = self._send(attempt)
            status = response.status_code
            body = read_answer(response, MAX_READ_BYTES)
        except Invalid as err:
            return attempt.outcome(OutcomeKind.BLOCKED, error=err.reason)
        except (RequestException, HTTPError, OSError) as err:
            if is_timeout(err):
                return attempt.timed_out(status)
            return attempt.outcome(
                OutcomeKind.FAILED, status=status, error=explain(err)
            )
        kind, complaint = meaning_of(status)
        wait = response.headers.get("Retry-After")
        return attempt.outcome(
            kind,
            status=status,
            error=complaint,
            answer=kept(body, secrets_of(attempt.call.listener)),
            retry_after=retry_after(wait, datetime.now(UTC)) if complaint else None,
        )

    def _send(self, attempt: _Attempt) -> Response:
        request, flight = self._request(attempt.call), attempt.flight
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
            data=call.envelope.body,
        )
        return request


def _tls(ca_bundle: Path | None) -> ssl.SSLContext:
    cafile = DEFAULT_CA_BUNDLE_PATH if ca_bundle is None else str(ca_bundle)
    context = ssl.create_default_context(cafile=cafile)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

# SPDX-License-Identifier: Apache-2.0
"""Publishes through a bridge's HTTP door, ``POST /v1/events``.

Safe to share between threads, and after `os.fork`. What is sent again after a lost
answer is taken once by the bridge.
"""

import encodings.idna  # noqa: F401 - as in `dial`
import os
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from notifier.errors import (
    InvalidEvent,
    PublishError,
    Refused,
    SettingsError,
    Unreachable,
)
from notifier.event import Event
from notifier.publishers.bearer import Bearer
from notifier.publishers.bounded import within
from notifier.publishers.door import Answer as BridgeAnswer
from notifier.publishers.door import Batch, batches
from notifier.verdict import Answer
from notifier.wire.body import MAX_BODY_BYTES
from notifier.wire.call import MAX_WAIT

PATH: Final = "/v1/events"
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0
_MAX_WAY_SECONDS: Final = 0.25
"""A bridge that waits for listeners is given so much less time, or a tenth."""

_MAX_ANSWER_BYTES: Final = MAX_BODY_BYTES  # a verdict names every listener
_MAX_CONNECTIONS: Final = 64


class HttpPublisher:
    """The `Publisher` and `Caller` of engines that reach a bridge, but no broker.

    Events that do not fit one request go in several, one after the other; the first
    that fails is the last that is tried.

    Args:
        url: Of the bridge: ``http://127.0.0.1:8990``.
        token: Shown to the bridge, where it wants one.

    Raises:
        SettingsError: The URL is none of a bridge.

    Example::

        with HttpPublisher("http://127.0.0.1:8990") as publisher:
            publisher.publish([event], timeout=timedelta(seconds=5))
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self._name = _host(url)
        self._url = url.rstrip("/") + PATH
        self._auth = None if token is None else Bearer(token)
        self._sessions: dict[int, requests.Session] = {}  # by process
        self._is_closed = False

    def publish(self, events: Sequence[Event], *, timeout: timedelta) -> None:
        """Return once the bridge has taken every event for good (see `Publisher`)."""
        deadline = time.monotonic() + timeout.total_seconds()
        waiting = list(batches(events))
        for place, batch in enumerate(waiting):
            ids = [one for later in waiting[place:] for one in later.ids]
            try:
                self._post(batch, deadline)
            except InvalidEvent as err:
                if place:
                    raise Refused(str(err), ids) from err
                raise
            except PublishError as err:
                err.event_ids = (*err.event_ids, *ids[len(batch.ids) :])
                raise

    def call(self, event: Event, *, timeout: timedelta) -> tuple[Answer, ...] | None:
        """Return what those listeners said who were waited for (see `Caller`)."""
        deadline = time.monotonic() + timeout.total_seconds()
        (batch,) = batches([event])
        return self._post(batch, deadline, is_call=True).answers

    def close(self) -> None:
        """Let go of the connections; may be called twice."""
        self._is_closed = True
        session = self._sessions.pop(os.getpid(), None)
        if session is not None:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    def _post(
        self, batch: Batch, deadline: float, *, is_call: bool = False
    ) -> BridgeAnswer:
        trouble, ids = "no answer", batch.ids
        pause = FIRST_PAUSE_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if self._is_closed:
                trouble = "the publisher is closed"
                break
            try:
                # requests bounds each step, but not their sum, nor the name look-up.
                ask = partial(self._ask, batch, left, is_call=is_call)
                answer = within(left, ask, _forget)
            except (requests.RequestException, OSError) as err:
                trouble = _reason(err)
            else:
                if answer.status == HTTPStatus.ACCEPTED:
                    return answer
                answer.raise_if_final(batch.ids)
                trouble, ids = answer.detail, answer.event_ids or batch.ids
            time.sleep(max(min(pause, deadline - time.monotonic()), 0))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        raise Unreachable(f"{self._name}: {trouble}", ids)

    def _ask(self, batch: Batch, seconds: float, *, is_call: bool) -> BridgeAnswer:
        # The bridge answers a little before it would be too late.
        wait = min(
            seconds - min(seconds / 10, _MAX_WAY_SECONDS), MAX_WAIT.total_seconds()
        )
        with self._session().post(
            self._url,
            params={"wait": f"{max(wait, 0.001):.3f}"} if is_call else None,
            data=batch.body,
            headers={"Content-Type": batch.form},
            timeout=seconds,
            allow_redirects=False,  # would ask with GET
            stream=True,
        ) as response:
            body = next(response.iter_content(_MAX_ANSWER_BYTES), b"")
            return BridgeAnswer.read(response.status_code, body)

    def _session(self) -> requests.Session:
        """Return this process's session. No lock: a child may inherit it locked."""
        process = os.getpid()
        session = self._sessions.get(process)
        if session is None:
            session = requests.Session()
            session.auth = self._auth
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(pool_maxsize=_MAX_CONNECTIONS))
            session = self._sessions.setdefault(process, session)
        return session


def _host(url: str) -> str:
    """Return host and port, as they may be shown."""
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in ("http", "https") and parts.hostname
        name = (
            parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        )
    except ValueError:
        is_http, name = None, None
    if not is_http or name is None:
        # Without a cause, which may show a password.
        raise SettingsError("the bridge's URL must look like http://host:8990")
    return name


def _reason(err: BaseException) -> str:
    """Return what the system said first, which requests wraps several times."""
    while (cause := err.__cause__ or err.__context__) is not None:
        err = cause
    said = err.strerror if isinstance(err, OSError) else None
    return said or str(err) or "no answer in time"


def _forget(_: BridgeAnswer) -> None:
    """Let go of an answer that came too late."""

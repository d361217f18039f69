# SPDX-License-Identifier: Apache-2.0
"""Tells nobody: notes what would have been told, and answers as it was told to."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.errors import Invalid
from bridge.model import Call, CallbackSpec, DeliveryId, Outcome, OutcomeKind

Answer = Outcome | OutcomeKind


@dataclass(frozen=True, slots=True)
class _Waiting:
    done: Callable[[Outcome], None]
    started_at: datetime
    started: float
    timer: asyncio.TimerHandle


def succeed(_: Call) -> Answer:
    """Answer any call with success."""
    return OutcomeKind.SUCCEEDED


class RecordingCallback:
    """The plain second `Callback`, for tests and trials.

    All but `close` belongs to the loop's thread.

    Args:
        loop: Runs `done`, and keeps the time.
        answer: Says how a call ends, by its kind or in full; None lets it wait for
            `settle` or its timeout. Default: every call succeeds.

    Attributes:
        calls: In the order of `submit`.
        checked: In the order of `check`.

    Example:
        >>> async def check() -> int:
        ...     callback = RecordingCallback(asyncio.get_running_loop())
        ...     callback.check(CallbackSpec("http", "https://example.com/hook"))
        ...     return len(callback.checked)
        >>> asyncio.run(check())
        1
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        answer: Callable[[Call], Answer | None] = succeed,
    ) -> None:
        self.calls: list[Call] = []
        self.checked: list[CallbackSpec] = []
        self._loop = loop
        self._answer = answer
        self._waiting: dict[DeliveryId, _Waiting] = {}
        self._is_closed = False

    def check(self, spec: CallbackSpec) -> None:
        """Refuse a callback without a target; see `Callback`."""
        if spec.url is None and spec.exchange is None:
            raise Invalid("callback.url", "is missing")
        self.checked.append(spec)

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Note a call; see `Callback`."""
        seconds = call.listener.callback.timeout.total_seconds()
        timer = self._loop.call_later(
            seconds, self.settle, call.delivery_id, OutcomeKind.TIMED_OUT
        )
        self._waiting[call.delivery_id] = _Waiting(
            done, datetime.now(UTC), time.monotonic(), timer
        )
        self.calls.append(call)
        answer = OutcomeKind.LOST if self._is_closed else self._answer(call)
        if answer is not None:
            self._loop.call_soon(self.settle, call.delivery_id, answer)

    def settle(self, delivery_id: DeliveryId, answer: Answer) -> None:
        """End the call under way of a delivery, if there is one."""
        waiting = self._waiting.pop(delivery_id, None)
        if waiting is None:
            return
        waiting.timer.cancel()
        if isinstance(answer, OutcomeKind):
            duration = timedelta(seconds=time.monotonic() - waiting.started)
            answer = Outcome(answer, waiting.started_at, duration)
        waiting.done(answer)

    def close(self) -> None:
        """End what waits; see `Callback`."""
        self._is_closed = True
        if not self._loop.is_running() or _running_loop() is self._loop:
            self._lose_all()
        else:
            self._loop.call_soon_threadsafe(self._lose_all)

    def _lose_all(self) -> None:
        for delivery_id in tuple(self._waiting):
            self.settle(delivery_id, OutcomeKind.LOST)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

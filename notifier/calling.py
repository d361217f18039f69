# SPDX-License-Identifier: Apache-2.0
"""Tells one event and waits for the verdict of those listeners that may refuse."""

import logging
from datetime import timedelta
from typing import Final, Literal

from notifier.event import Event
from notifier.publishers.caller import Caller
from notifier.verdict import OnTimeout, Verdict

NOBODY: Final = "no bridge answered in time"

_log = logging.getLogger(__name__)


def call(
    publisher: object,
    event: Event,
    *,
    timeout: timedelta,
    on_timeout: OnTimeout,
    on_error: Literal["log", "raise"],
) -> Verdict:
    """Return the verdict on an event.

    Args:
        publisher: Has to be a `Caller`.
        event: To be told.
        timeout: The longest that it blocks.
        on_timeout: What it counts as if no bridge answers.
        on_error: What cannot be published is logged, and counts as no answer; or it
            is raised.

    Raises:
        TypeError: The publisher cannot wait for answers.
        NotifierError: With ``on_error="raise"``.
    """
    if not isinstance(publisher, Caller):
        raise TypeError(
            f"{type(publisher).__name__} cannot wait for answers: call() needs a "
            "broker or a bridge at the other end, as connect() reaches; use notify()"
        )
    try:
        answers = publisher.call(event, timeout=timeout)
    except Exception as err:
        if on_error == "raise":
            raise
        # The engine's work goes on, whatever it was.
        fault = {"fault": f"{type(err).__name__}: {err}", "event_ids": (event.id,)}
        _log.exception("no verdict on an event", extra=fault)
        return Verdict.unanswered(on_timeout, str(err))
    if answers is None:
        return Verdict.unanswered(on_timeout, NOBODY)
    return Verdict.of(answers)

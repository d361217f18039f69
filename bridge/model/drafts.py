# SPDX-License-Identifier: Apache-2.0
"""What a draft of a listener may say, whatever tells it."""

import re
from datetime import timedelta
from typing import Final

from bridge.errors import Invalid
from bridge.model.batch import LEAST_WAIT, MOST_WAIT
from bridge.model.batch import MAX_EVENTS as MAX_BATCH
from bridge.model.listener import (
    CallbackSpec,
    Format,
    ListenerDraft,
    Mode,
    RetryPolicy,
)
from notifier.errors import InvalidEvent
from notifier.event_types import expand
from notifier.wire.routing_key import project_word

MAX_EVENTS: Final = 100
MAX_NAME_CHARS: Final = 255
MAX_DESCRIPTION_CHARS: Final = 1000
MAX_IN_FLIGHT: Final = 1000
MAX_RATE: Final = 100_000.0
MAX_DELAYS: Final = 20
MAX_DELAY: Final = timedelta(days=7)

# Whoever reads there does not answer.
_SILENT: Final = frozenset({"amqp"})
_NOTHING: Final = timedelta()
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_draft(draft: ListenerDraft) -> None:
    """Refuse what no listener may be; condition and callback are judged elsewhere.

    Raises:
        Invalid: Names the field and what would be right.
    """
    check_project(draft.project)
    for name in ("name", "workbook", "workflow", "execution_id", "task"):
        check_text(name, getattr(draft, name))
    check_text("description", draft.description, MAX_DESCRIPTION_CHARS)
    _check_events(draft.events)
    if not 1 <= draft.max_in_flight <= MAX_IN_FLIGHT:
        raise Invalid("max_in_flight", f"must be from 1 to {MAX_IN_FLIGHT}")
    rate = draft.rate_per_second
    if rate is not None and not 0 < rate <= MAX_RATE:
        raise Invalid("rate_per_second", f"must be over 0 and at most {MAX_RATE:.0f}")
    _check_retry(draft.retry)
    _check_order(draft)
    _check_batch(draft)


def check_project(project: str) -> None:
    """Refuse the name of a project that no routing key could hold.

    Raises:
        Invalid: Says what would be right.
    """
    if not project:
        raise Invalid("project", "must not be empty; leave it out instead")
    check_text("project", project)
    try:
        project_word(project)
    except InvalidEvent as err:
        raise Invalid("project", err.reason) from err


def check_text(field: str, text: str | None, most: int = MAX_NAME_CHARS) -> None:
    """Refuse a text that is empty, too long, or holds what no person can read.

    Raises:
        Invalid: Says what would be right.
    """
    if text is None:
        return
    if not text:
        raise Invalid(field, "must not be empty; leave it out instead")
    if len(text) > most:
        raise Invalid(field, f"is {len(text)} long; at most {most}")
    if _CONTROL.search(text):
        raise Invalid(field, "must hold no control characters")


def check_mode(spec: CallbackSpec) -> None:
    """Refuse a mode that the type of callback has not.

    Raises:
        Invalid: Names the field.
    """
    if spec.mode is Mode.CALL and spec.type in _SILENT:
        raise Invalid(
            "callback.mode",
            f"a callback of type {spec.type} gives no answer to wait for; take cast",
        )
    if spec.mode is Mode.CAST and spec.on_timeout is not None:
        raise Invalid(
            "callback.on_timeout",
            "means nothing where nobody waits; leave it out, or say mode: call",
        )


def _check_events(events: tuple[str, ...]) -> None:
    if not events:
        raise Invalid("events", "must name at least one; EXECUTION and TASK are all")
    if len(events) > MAX_EVENTS:
        raise Invalid("events", f"names {len(events)}; at most {MAX_EVENTS}")
    for place, name in enumerate(events):
        try:
            expand(name)
        except InvalidEvent as err:
            raise Invalid(f"events[{place}]", err.reason) from err


def _check_order(draft: ListenerDraft) -> None:
    if draft.ordered and draft.callback.mode is Mode.CALL:
        raise Invalid(
            "ordered", "means nothing with mode: call, which is answered at once"
        )


def _check_batch(draft: ListenerDraft) -> None:
    spec, batch = draft.callback, draft.callback.batch
    is_wanted = spec.format is Format.CLOUDEVENTS_BATCH
    if is_wanted and spec.type in _SILENT:
        raise Invalid(
            "callback.format",
            f"a callback of type {spec.type} takes one event a message; take cloudevents",
        )
    if batch is None:
        if is_wanted:
            raise Invalid("callback.batch", "is needed with format: cloudevents-batch")
        return
    if not is_wanted:
        raise Invalid(
            "callback.batch",
            "means something with format: cloudevents-batch only; say that, or leave "
            "it out",
        )
    _check_alone(draft)
    if not 1 <= batch.max_events <= MAX_BATCH:
        raise Invalid("callback.batch.max_events", f"must be from 1 to {MAX_BATCH}")
    if not LEAST_WAIT <= batch.max_wait <= MOST_WAIT:
        raise Invalid("callback.batch.max_wait_ms", "must be from 1 to 60000")


def _check_alone(draft: ListenerDraft) -> None:
    """Refuse what needs each event by itself."""
    if draft.callback.mode is Mode.CALL:
        raise Invalid(
            "callback.batch", "means nothing with mode: call, which is asked at once"
        )
    if draft.ordered:
        raise Invalid(
            "callback.batch",
            "cannot be had with ordered, which tells one event after the other; leave "
            "one of them out",
        )


def _check_retry(retry: RetryPolicy) -> None:
    if len(retry.delays) > MAX_DELAYS:
        raise Invalid(
            "retry.delays_seconds", f"has {len(retry.delays)}; at most {MAX_DELAYS}"
        )
    for place, delay in enumerate(retry.delays):
        if not _NOTHING < delay <= MAX_DELAY:
            raise Invalid(
                f"retry.delays_seconds[{place}]",
                f"must be over 0 and at most {MAX_DELAY.total_seconds():.0f} (7 days)",
            )
    if not 0 <= retry.jitter <= 1:
        raise Invalid("retry.jitter", "must be from 0 to 1")

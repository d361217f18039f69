# SPDX-License-Identifier: Apache-2.0
"""The one way to add, change and remove a listener; blocking, for any thread.

Nothing is stored that is not checked first: what a draft names must be known, within
its limits, and reachable by the operator's rules.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.callbacks.callback import Callback
from bridge.callbacks.request import MAX_TIMEOUT, MIN_TIMEOUT
from bridge.callbacks.signing import check_secret, new_secret
from bridge.errors import Invalid
from bridge.model import (
    CallbackSpec,
    Listener,
    ListenerDraft,
    ListenerId,
    Mode,
    RetryPolicy,
)
from bridge.store.listeners import ListenerStore
from notifier.errors import InvalidEvent
from notifier.event_types import expand
from notifier.wire.routing_key import project_word

MAX_EVENTS: Final = 100
MAX_NAME_CHARS: Final = 255
MAX_DESCRIPTION_CHARS: Final = 1000
MAX_IN_FLIGHT: Final = 1000
MAX_DELAYS: Final = 20
MAX_DELAY: Final = timedelta(days=7)

_NOTHING: Final = timedelta()
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What each type of callback reads beside its timeout; a plug-in reads its options.
_READS: Final = {
    "http": {"url", "method", "headers", "auth", "mode", "on_timeout"},
    "amqp": {"exchange", "routing_key"},
}
# Whoever reads there does not answer.
_SILENT: Final = frozenset({"amqp"})


class Registrar:
    """Keeps listeners, and tells whoever routes that they changed.

    Args:
        store: Where to.
        callbacks: Type of callback to what serves it.
        parse_condition: Raises `Invalid` for a condition that cannot work.
        on_change: Called after each change, on the caller's thread.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(
        self,
        store: ListenerStore,
        callbacks: Mapping[str, Callback],
        parse_condition: Callable[[str], object],
        on_change: Callable[[], None],
    ) -> None:
        self._store = store
        self._callbacks = callbacks
        self._parse_condition = parse_condition
        self._on_change = on_change

    def add(self, draft: ListenerDraft) -> Listener:
        """Keep a new listener and return it, its secret included.

        Raises:
            Invalid: Names the field and what would be right.
            Conflict: Its project has one of this name.
        """
        self._check(draft)
        secret = new_secret() if draft.secret is None else draft.secret
        listener = _listener(draft, new_id(), secret, datetime.now(UTC))
        self._store.add(listener)
        self._on_change()
        return listener

    def change(
        self, current: Listener, draft: ListenerDraft, *, known: int | None = None
    ) -> Listener:
        """Let a listener be as the draft says, and return it.

        Args:
            current: As the store gave it.
            draft: Its project must be the listener's; without a secret it keeps its.
            known: The revision that the caller knows; None: whatever it is.

        Raises:
            Invalid: Names the field and what would be right.
            NotFound: It is no more.
            OutOfDate: It has another revision.
            Conflict: Its project has one of this name.
        """
        if draft.project != current.project:
            raise Invalid("project", "cannot be changed")
        self._check(draft)
        secret = current.secret if draft.secret is None else draft.secret
        changed = replace(
            _listener(draft, current.id, secret, datetime.now(UTC)),
            created_at=current.created_at,
            disabled_reason=None if draft.enabled else current.disabled_reason,
        )
        kept = self._store.change(changed, known=known)
        self._on_change()
        return kept

    def remove(self, listener_id: ListenerId, *, known: int | None = None) -> None:
        """Remove a listener; what waits for it ends as cancelled.

        Raises:
            NotFound: It is no more.
            OutOfDate: It has another revision.
        """
        self._store.remove(listener_id, datetime.now(UTC), known=known)
        self._on_change()

    def _check(self, draft: ListenerDraft) -> None:
        _check_project(draft.project)
        for name in ("name", "workbook", "workflow", "execution_id", "task"):
            _check_text(name, getattr(draft, name))
        _check_text("description", draft.description, MAX_DESCRIPTION_CHARS)
        _check_events(draft.events)
        if draft.when is not None:
            if "\0" in draft.when:  # PostgreSQL keeps no text with it
                raise Invalid("when", "must hold no NUL")
            self._parse_condition(draft.when)
        if not 1 <= draft.max_in_flight <= MAX_IN_FLIGHT:
            raise Invalid("max_in_flight", f"must be from 1 to {MAX_IN_FLIGHT}")
        _check_retry(draft.retry)
        if draft.secret is not None:
            check_secret(draft.secret)
        self._check_callback(draft.callback)

    def _check_callback(self, spec: CallbackSpec) -> None:
        callback = self._callbacks.get(spec.type)
        if callback is None:
            known = " or ".join(self._callbacks)
            raise Invalid(
                "callback.type", f"{spec.type!r} is not known here; take {known}"
            )
        _check_mode(spec)
        unset = CallbackSpec(spec.type)
        reads = {"type", "timeout", *_READS.get(spec.type, {"options"})}
        for name in (field.name for field in fields(spec)):
            if name not in reads and getattr(spec, name) != getattr(unset, name):
                raise Invalid(
                    f"callback.{name}",
                    f"means nothing to a callback of type {spec.type}",
                )
        if not MIN_TIMEOUT <= spec.timeout <= MAX_TIMEOUT:
            least, most = MIN_TIMEOUT.seconds, MAX_TIMEOUT.seconds
            raise Invalid("callback.timeout_seconds", f"must be from {least} to {most}")
        callback.check(spec)


def new_id() -> ListenerId:
    """Return an id that sorts by the time it was made, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    return ListenerId(f"lst_{milliseconds:012x}{secrets.token_hex(10)}")


def _listener(
    draft: ListenerDraft, listener_id: ListenerId, secret: str, now: datetime
) -> Listener:
    return Listener(
        id=listener_id,
        project=draft.project,
        name=draft.name,
        description=draft.description,
        workbook=draft.workbook,
        workflow=draft.workflow,
        execution_id=draft.execution_id,
        task=draft.task,
        events=draft.events,
        when=draft.when,
        callback=draft.callback,
        secret=secret,
        max_in_flight=draft.max_in_flight,
        retry=draft.retry,
        enabled=draft.enabled,
        created_at=now,
        updated_at=now,
    )


def _check_project(project: str) -> None:
    if not project:
        raise Invalid("project", "must not be empty; leave it out instead")
    _check_text("project", project)
    try:
        project_word(project)
    except InvalidEvent as err:
        raise Invalid("project", err.reason) from err


def _check_text(field: str, text: str | None, most: int = MAX_NAME_CHARS) -> None:
    if text is None:
        return
    if not text:
        raise Invalid(field, "must not be empty; leave it out instead")
    if len(text) > most:
        raise Invalid(field, f"is {len(text)} long; at most {most}")
    if _CONTROL.search(text):
        raise Invalid(field, "must hold no control characters")


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


def _check_mode(spec: CallbackSpec) -> None:
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

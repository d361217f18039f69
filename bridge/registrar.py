# SPDX-License-Identifier: Apache-2.0
"""The one way to add, change and remove a listener; blocking, for any thread.

Nothing is stored that is not checked first: what a draft names must be known, within
its limits, and reachable by the operator's rules.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.callbacks.callback import Callback
from bridge.callbacks.request import MAX_TIMEOUT, MIN_TIMEOUT
from bridge.callbacks.signing import check_secret, new_key, new_secret
from bridge.conditions.filters import compile_filters
from bridge.errors import Conflict, Invalid
from bridge.model import (
    CallbackSpec,
    Listener,
    ListenerDraft,
    ListenerId,
)
from bridge.model.drafts import check_draft, check_mode
from bridge.model.replay import Start
from bridge.model.signing import DEFAULT_OVERLAP, MAX_OVERLAP, Signing, retired
from bridge.store.listeners import ListenerStore

# What each type of callback reads beside its timeout; a plug-in reads its options.
_READS: Final = {
    "http": {
        "url",
        "method",
        "headers",
        "auth",
        "format",
        "mode",
        "on_timeout",
        "batch",
    },
    "amqp": {"exchange", "routing_key", "format"},
}
_NO_TIME: Final = timedelta()


class Registrar:
    """Keeps listeners, and tells whoever routes that they changed.

    Args:
        store: Where to.
        callbacks: Type of callback to what serves it.
        parse_condition: Raises `Invalid` for a condition that cannot work.
        on_change: Called after each change, on the caller's thread.
        consent: Asks the receiver at a URL whether it wants webhooks, and how many a
            second at most. None: nobody is asked.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(
        self,
        store: ListenerStore,
        callbacks: Mapping[str, Callback],
        parse_condition: Callable[[str], object],
        on_change: Callable[[], None],
        consent: Callable[[str], float | None] | None = None,
    ) -> None:
        self._store = store
        self._callbacks = callbacks
        self._parse_condition = parse_condition
        self._on_change = on_change
        self._consent = consent

    def add(self, draft: ListenerDraft, start: Start | None = None) -> Listener:
        """Keep a new listener and return it, its secret included.

        Args:
            draft: What it is to be.
            start: What it is told of before it is live; None: nothing.

        Raises:
            Invalid: Names the field and what would be right.
            Conflict: Its project has one of this name.
        """
        if start is not None:
            start.wanted.check()
        listener = replace(self.new(draft), starting=start is not None)
        self._store.add(listener, start)
        self._on_change()
        return listener

    def new(self, draft: ListenerDraft) -> Listener:
        """Return the listener that a draft makes, checked but not kept.

        Raises:
            Invalid: Names the field and what would be right.
        """
        self._check(draft)
        allowed = self._allowed(draft.callback)
        secret = new_secret() if draft.secret is None else draft.secret
        made = draft.listener(new_id(), secret, datetime.now(UTC))
        return replace(made, key=_key_for(draft.signing, None), allowed_rate=allowed)

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
            Conflict: Its project has one of this name; or a workbook made it, and
                more than `enabled` would change.
        """
        changed = self.changed(current, draft)
        if current.workbook_key is not None and not _only_switches(current, changed):
            raise _of_workbook(current)
        kept = self._store.change(changed, known=known)
        self._on_change()
        return kept

    def changed(self, current: Listener, draft: ListenerDraft) -> Listener:
        """Return a listener as the draft says, checked but not kept.

        Raises:
            Invalid: Names the field and what would be right.
        """
        if draft.project != current.project:
            raise Invalid("project", "cannot be changed")
        self._check(draft)
        allowed = current.allowed_rate
        if draft.callback.url != current.callback.url:
            allowed = self._allowed(draft.callback)
        now = datetime.now(UTC)
        secret = current.secret if draft.secret is None else draft.secret
        former = current.former
        if secret != current.secret:  # receivers need a while to take the new one
            old = (current.secret,)
            former = retired(former, old, now=now, overlap=DEFAULT_OVERLAP)
        return replace(
            draft.listener(current.id, secret, now),
            key=_key_for(draft.signing, current.key),
            former=former,
            allowed_rate=allowed,
            created_at=current.created_at,
            disabled_reason=None if draft.enabled else current.disabled_reason,
            workbook_key=current.workbook_key,
            starting=current.starting,
            revision=current.revision,
        )

    def rotate(
        self, current: Listener, overlap: timedelta = DEFAULT_OVERLAP
    ) -> Listener:
        """Give a listener new secrets and return it; the old ones sign along.

        Args:
            current: As the store gave it.
            overlap: For so long they do, at most 30 days.

        Raises:
            Invalid: The overlap is too long, or none.
            NotFound: It is no more.
            OutOfDate: Somebody changed it meanwhile.
            Conflict: A workbook made it.
        """
        if not _NO_TIME <= overlap <= MAX_OVERLAP:
            raise Invalid("overlap_seconds", f"must be 0 to {MAX_OVERLAP.days} days")
        if current.workbook_key is not None:
            raise _of_workbook(current)
        now = datetime.now(UTC)
        old = [one for one in (current.secret, current.key) if one is not None]
        rotated = replace(
            current,
            secret=new_secret(),
            key=None if current.key is None else new_key(),
            former=retired(current.former, old, now=now, overlap=overlap),
            updated_at=now,
        )
        kept = self._store.change(rotated, known=current.revision)
        self._on_change()
        return kept

    def remove(self, current: Listener, *, known: int | None = None) -> None:
        """Remove a listener; what waits for it ends as cancelled.

        Raises:
            NotFound: It is no more.
            OutOfDate: It has another revision.
            Conflict: A workbook made it.
        """
        if current.workbook_key is not None:
            raise _of_workbook(current)
        self._store.remove(current.id, datetime.now(UTC), known=known)
        self._on_change()

    def announce(self) -> None:
        """Tell whoever routes that listeners changed by other ways than these."""
        self._on_change()

    def _check(self, draft: ListenerDraft) -> None:
        check_draft(draft)
        if draft.when is not None:
            if "\0" in draft.when:  # PostgreSQL keeps no text with it
                raise Invalid("when", "must hold no NUL")
            self._parse_condition(draft.when)
        compile_filters(draft.filters)
        if draft.secret is not None:
            check_secret(draft.secret)
        self._check_callback(draft.callback)

    def _allowed(self, spec: CallbackSpec) -> float | None:
        """Return how many a second a receiver takes, if it is asked and minds."""
        if self._consent is None or spec.url is None:
            return None
        return self._consent(spec.url)

    def _check_callback(self, spec: CallbackSpec) -> None:
        callback = self._callbacks.get(spec.type)
        if callback is None:
            known = " or ".join(self._callbacks)
            raise Invalid(
                "callback.type", f"{spec.type!r} is not known here; take {known}"
            )
        check_mode(spec)
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


def _key_for(signing: Signing, known: str | None) -> str | None:
    """Return the private key that is needed; a known one stays, needed or not."""
    return new_key() if known is None and signing is not Signing.V1 else known


def _only_switches(current: Listener, changed: Listener) -> bool:
    kept = ("enabled", "disabled_reason", "updated_at")
    return (
        replace(changed, **{name: getattr(current, name) for name in kept}) == current
    )


def _of_workbook(listener: Listener) -> Conflict:
    return Conflict(
        f"the listener belongs to the workbook {listener.workbook} "
        f"({listener.workbook_key}); change it there. Here it can be turned on and off"
    )

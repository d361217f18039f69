# SPDX-License-Identifier: Apache-2.0
"""What a workbook changes of the listeners that are in force."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from bridge.model import Listener, ListenerDraft


@dataclass(frozen=True, slots=True)
class Change:
    """A listener that shall be another.

    Attributes:
        members: The names of those that differ.
    """

    listener: Listener
    draft: ListenerDraft
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Key to what happens to it; what stays as it is is only counted."""

    added: Mapping[str, ListenerDraft]
    changed: Mapping[str, Change]
    removed: Mapping[str, Listener]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(
    in_force: Mapping[str, Listener],
    before: Mapping[str, ListenerDraft],
    wanted: Mapping[str, ListenerDraft],
) -> Difference:
    """Return what has to be done.

    Args:
        in_force: Key to listener, as it is.
        before: Key to listener, as the workbook wanted it until now.
        wanted: Key to listener, as it wants it from now on.
    """
    added = {key: one for key, one in wanted.items() if key not in in_force}
    changed: dict[str, Change] = {}
    for key, listener in in_force.items():
        if key in wanted:
            draft = _draft_for(listener, before.get(key), wanted[key])
            members = _differing(listener, draft)
            if members:
                changed[key] = Change(listener, draft, members)
    removed = {key: one for key, one in in_force.items() if key not in wanted}
    unchanged = len(wanted) - len(added) - len(changed)
    return Difference(added, changed, removed, unchanged)


def _draft_for(
    listener: Listener, before: ListenerDraft | None, wanted: ListenerDraft
) -> ListenerDraft:
    """Let it be on or off as it is, unless the workbook changed its mind.

    An operator may have turned it off, or the bridge, because its receiver is gone.
    """
    if before is not None and before.enabled == wanted.enabled:
        return replace(wanted, enabled=listener.enabled)
    return wanted


def _differing(listener: Listener, draft: ListenerDraft) -> tuple[str, ...]:
    names = [field.name for field in fields(draft) if field.name != "secret"]
    found = [name for name in names if getattr(listener, name) != getattr(draft, name)]
    if draft.secret not in (None, listener.secret):
        found.append("secret")
    return tuple(found)

# SPDX-License-Identifier: Apache-2.0
"""The words for what happens to an execution or a task, and the names people know."""

import difflib
import re
from typing import Final, Literal

from notifier.errors import InvalidEvent

Kind = Literal["execution", "task", "listener"]

LISTENER_DISABLED: Final = "listener.disabled"
"""Bridges tell it of their listeners; engines tell of executions and tasks."""

EXECUTION_TYPES: Final = tuple(
    f"execution.{what}"
    for what in (
        "started",
        "succeeded",
        "failed",
        "cancelled",
        "paused",
        "resumed",
        "rerun",
    )
)
TASK_TYPES: Final = tuple(
    f"task.{what}"
    for what in (
        "started",
        "succeeded",
        "failed",
        "cancelled",
        "paused",
        "resumed",
        "rerun",
        "skipped",
        "retrying",
    )
)
TYPES: Final = EXECUTION_TYPES + TASK_TYPES
_KNOWN: Final = frozenset(TYPES)

GROUPS: Final = {"execution": "execution.*", "task": "task.*"}
"""Group (lower case) to the pattern that it stands for."""

_COMPLETE: Final = ("succeeded", "failed", "cancelled")
_MOMENTS: Final = {
    "start": ("started",),
    "complete": _COMPLETE,
    "success": ("succeeded",),
    "error": ("failed",),
}
# Mistral's own words, from its mistral/notifiers/notification_events.py
_MISTRAL: Final = {
    "launched": "started",
    **{w: w for w in ("succeeded", "failed", "cancelled", "paused", "resumed")},
    "rerun": "rerun",
}

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    **{
        f"on-{kind}-{moment}": tuple(f"{kind}.{what}" for what in whats)
        for kind in ("execution", "task")
        for moment, whats in _MOMENTS.items()
    },
    "on-enter": ("task.started",),
    "on-exit": tuple(f"task.{what}" for what in _COMPLETE),
    **{f"workflow-{word}": (f"execution.{what}",) for word, what in _MISTRAL.items()},
    **{f"task-{word}": (f"task.{what}",) for word, what in _MISTRAL.items()},
    "task-skipped": ("task.skipped",),
    # Of the listeners in Mistral's first API.
    "execution-state": ("execution.*",),
    "task-state": ("task.*",),
}
"""Alias (lower case, with hyphens) to the types that it stands for."""

_TYPE = re.compile(r"(execution|task|listener)\.[a-z][a-z0-9_-]{0,63}")
_PATTERN = re.compile(r"[a-z0-9_.*-]{1,80}")


def check_type(name: object) -> str:
    """Return the event type unchanged.

    Raises:
        InvalidEvent: It is not ``execution.<word>`` or ``task.<word>``.
    """
    if isinstance(name, str) and name in _KNOWN:
        return name
    if not isinstance(name, str) or not _TYPE.fullmatch(name):
        raise InvalidEvent(
            "type",
            f"{name!r} is no event type; it is 'execution.' or 'task.' and one "
            "word of a-z, 0-9, _ and -, such as task.failed",
        )
    return name


def expand(name: str) -> tuple[str, ...]:
    """Return the patterns that one entry of a listener's ``events`` stands for.

    A pattern is an event type, or one with ``*`` for any run of characters.

    Args:
        name: A type, a group, an alias (case and ``-``/``_`` do not matter), or a glob.

    Raises:
        InvalidEvent: Nothing is known under this name.
    """
    word = name.strip().lower()
    if word in GROUPS:
        return (GROUPS[word],)
    alias = ALIASES.get(word.replace("_", "-"))
    if alias is not None:
        return alias
    if _TYPE.fullmatch(word) or _is_glob(word):
        return (word,)
    raise InvalidEvent("events", f"{name!r} is not a known event{_suggestion(word)}")


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern accepts a text; ``*`` stands for any run of characters.

    Takes time in proportion to both, whatever the pattern: it may be a stranger's, and
    a regular expression of many ``.*`` can be made to run for ever.
    """
    first, *parts = pattern.split("*")
    if not parts:
        return pattern == text
    last = parts.pop()
    place, end = len(first), len(text) - len(last)
    if place > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in parts:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _is_glob(word: str) -> bool:
    if "*" not in word or not _PATTERN.fullmatch(word):
        return False
    kind = word.partition(".")[0]
    return "*" in kind or kind in GROUPS or kind == "listener"


def _suggestion(word: str) -> str:
    known = [*TYPES, *GROUPS, *ALIASES]
    near = difflib.get_close_matches(word.replace("_", "-"), known, n=1, cutoff=0.7)
    if not near:
        return "; take a type (task.failed), EXECUTION, TASK or on-task-error"
    return f"; did you mean {near[0].upper() if near[0] in GROUPS else near[0]}?"

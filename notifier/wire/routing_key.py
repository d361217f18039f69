# SPDX-License-Identifier: Apache-2.0
"""The routing key of an event.

::

    <kind>.<what>.<project>.<workbook>.<workflow>[.<task name>]
    task  .failed.acme     .orders    .fulfil    .charge

A key fits an AMQP short string: the words that an engine's users choose are cut where
it would not, and end in ``~`` and the start of their SHA-256.
"""

import hashlib
import re
from functools import lru_cache
from typing import Final

from notifier.errors import InvalidEvent
from notifier.event import Event
from notifier.topology import MAX_KEY_BYTES

MAX_PROJECT_BYTES: Final = 64

_EMPTY: Final = "-"
_DIGEST_CHARS: Final = 8
_MAX_PROJECTS: Final = 1024
_SPECIAL = re.compile(r"[.*#%\x00-\x20\x7f-\x9f]")


def routing_key(event: Event) -> str:
    """Return the key that the event is published with.

    Raises:
        InvalidEvent: The project is too long for a key.
    """
    kind, _, what = event.type.partition(".")
    names = [event.workbook, event.workflow]
    if event.kind == "task":
        names.append(event.task_name)
    words = [_word(name) for name in names]
    key = ".".join((kind, what, project_word(event.project), *words))
    if len(key) * 4 <= MAX_KEY_BYTES or len(key.encode()) <= MAX_KEY_BYTES:
        return key
    excess = len(key.encode()) - MAX_KEY_BYTES
    for place in reversed(range(len(words))):
        before = len(words[place].encode())
        words[place] = _cut(names[place], words[place], excess)
        excess -= before - len(words[place].encode())
        if excess <= 0:
            break
    return ".".join((kind, what, project_word(event.project), *words))


@lru_cache(_MAX_PROJECTS)
def project_word(project: str) -> str:
    """Return a project as it stands in a routing key.

    Raises:
        InvalidEvent: It is over 64 bytes long, encoded.
    """
    word = _word(project)
    if len(word.encode()) > MAX_PROJECT_BYTES:
        raise InvalidEvent(
            "data.project", f"is over {MAX_PROJECT_BYTES} bytes long in a routing key"
        )
    return word


def _word(name: str | None) -> str:
    if not name:
        return _EMPTY
    if name == _EMPTY:
        return "%2D"
    return _SPECIAL.sub(_percent, name) if _SPECIAL.search(name) else name


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


def _cut(name: str | None, word: str, excess: int) -> str:
    digest = hashlib.sha256((name or "").encode()).hexdigest()[:_DIGEST_CHARS]
    ending = f"~{digest}"
    room = len(word.encode()) - excess - len(ending)
    if len(word.encode()) <= len(ending):
        return word
    kept = ""
    for character in name or "":
        unit = _SPECIAL.sub(_percent, character)
        room -= len(unit.encode())
        if room < 0:
            break
        kept += unit
    return kept + ending

# SPDX-License-Identifier: Apache-2.0
"""How log lines look: one line each, its data as ``key=value`` or as JSON."""

import json
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal

# What every record has, and has first; what follows came by ``extra``, or from another
# handler.
_OWN_FIRST: Final = len(vars(logging.makeLogRecord({})))
_OWN_LATER: Final = frozenset({"message", "asctime", "color_message"})

# ASCII without space, double quote, equals sign and backslash.
_is_plain: Final = re.compile(r"[!#-<>-\[\]-~]+").fullmatch


class LineFormatter(logging.Formatter):
    """``2026-11-24T02:10:00Z INFO notifier.relay: batch relayed events=12 …``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        data = " ".join(f"{k}={_quoted(v)}" for k, v in _extra(record).items())
        head = f"{_time(record)} {record.levelname} {record.name}:"
        text = record.getMessage()
        if not text.isprintable():
            text = json.dumps(text)[1:-1]
        if record.exc_info:
            text = f"{text} {json.dumps(self.formatException(record.exc_info))}"
        return f"{head} {text} {data}".rstrip()


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and its data."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)  # ASCII: some terminals obey the rest


def set_up(
    level: str, form: Literal["line", "json"], chatty: Sequence[str] = ()
) -> None:
    """Send all log lines to standard error.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
        form: How a line looks.
        chatty: Libraries that are heard from ``WARNING`` on.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in chatty:
        least = max(logging.root.level, logging.WARNING)
        logging.getLogger(name).setLevel(least)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    members = islice(vars(record).items(), _OWN_FIRST, None)
    return {k: v for k, v in members if v is not None and k not in _OWN_LATER}


def _quoted(value: object) -> str:
    """Return a value so that it ends where it seems to, and moves no cursor."""
    text = str(value)
    if _is_plain(text):
        return text
    if not text.isprintable():
        return json.dumps(text)
    is_plain = text and not any(sign in text for sign in ' "=\\')
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    second = int(record.created)
    return f"{_second(second)}.{int((record.created - second) * 1000):03}Z"


@lru_cache(4)  # many lines are of the same one
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")

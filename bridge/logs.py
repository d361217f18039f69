# SPDX-License-Identifier: Apache-2.0
"""How log lines look: one line each, its data as ``key=value`` or as JSON."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final, Literal

# What every record has; anything else came by ``extra``.
_OWN: Final = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}
)

# Libraries that tell at INFO what the bridge tells itself, or nobody needs to know.
_CHATTY: Final = ("alembic", "uvicorn")


class LineFormatter(logging.Formatter):
    """``2026-11-24T02:10:00Z INFO bridge: attempt ended outcome=succeeded …``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        data = " ".join(f"{k}={_quoted(v)}" for k, v in _extra(record).items())
        head = f"{_time(record)} {record.levelname} {record.name}:"
        return f"{head} {_message(self, record)} {data}".rstrip()


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and its data."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(self, record),
            **_extra(record),
        }
        return json.dumps(line, default=str, ensure_ascii=False)


def set_up(level: str, form: Literal["line", "json"]) -> None:
    """Send all log lines to standard error.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
        form: How a line looks.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTY:
        least = max(logging.root.level, logging.WARNING)
        logging.getLogger(name).setLevel(least)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    members = vars(record).items()
    return {k: v for k, v in members if k not in _OWN and v is not None}


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info:
        trace = formatter.formatException(record.exc_info)
        text = f"{text} {json.dumps(trace)}"
    return text.replace("\n", " ")


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text else text


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(
        timespec="milliseconds"
    )

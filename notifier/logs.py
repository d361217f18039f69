# SPDX-License-Identifier: Apache-2.0
"""How log lines look: one line each, its data as ``key=value`` or as JSON."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

# What every record has, and has first; what follows came by ``extra``, or from another
# handler.
_OWN_FIRST: Final = len(vars(logging.makeLogRecord({})))
_OWN_LATER: Final = frozenset({"message", "asctime", "color_message"})

# ASCII without space, double quote, equals sign and backslash.
_is_plain: Final = re.compile(r"[!#-<>-\[\]-~]+").fullmatch

# ASCII: some terminals obey the rest
_JSON: Final = json.JSONEncoder(default=str)


class Told(NamedTuple):
    """What a line at INFO says, before it is written.

    Attributes:
        when: Seconds since 1970.
        name: Of the logger.
        message: A constant that is printable.
        data: What is None is left out.
    """

    when: float
    name: str
    message: str
    data: Mapping[str, Any]


class Form(logging.Formatter):
    """How lines look."""

    def lines(self, told: Sequence[Told]) -> list[str]:
        """Return many lines, at less cost than one by one."""
        raise NotImplementedError


class LineFormatter(Form):
    """``2026-11-24T02:10:00Z INFO notifier.relay: batch relayed events=12 …``."""

    def lines(self, told: Sequence[Told]) -> list[str]:
        """Return many lines, at less cost than one by one."""
        said = [
            [f"{k}={v}" for k, v in one.data.items() if v is not None] for one in told
        ]
        texts = [" ".join(pairs) for pairs in said]
        # Whether anything has to be quoted is asked of all together: hardly ever.
        if not _is_plain_data(" ".join(texts), sum(map(len, said))):
            texts = [
                text
                if _is_plain_data(text, len(pairs))
                else _pairs({k: v for k, v in one.data.items() if v is not None})
                for one, pairs, text in zip(told, said, texts, strict=True)
            ]
        return [
            f"{_time(one.when)} INFO {one.name}: {one.message} {text}".rstrip()
            for one, text in zip(told, texts, strict=True)
        ]

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        data = _pairs(_extra(record))
        head = f"{_time(record.created)} {record.levelname} {record.name}:"
        text = record.getMessage()
        if not text.isprintable():
            text = json.dumps(text)[1:-1]
        if record.exc_info:
            text = f"{text} {json.dumps(self.formatException(record.exc_info))}"
        return f"{head} {text} {data}".rstrip()


class JsonFormatter(Form):
    """One JSON object a line: time, level, logger, message, and its data."""

    def lines(self, told: Sequence[Told]) -> list[str]:
        """Return many lines, one by one."""
        return [
            _JSON.encode(
                {
                    "time": _time(one.when),
                    "level": "INFO",
                    "logger": one.name,
                    "message": one.message,
                    **{k: v for k, v in one.data.items() if v is not None},
                }
            )
            for one in told
        ]

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _JSON.encode(line)


FORMS: Final[Mapping[str, type[Form]]] = {
    "line": LineFormatter,
    "json": JsonFormatter,
}


def set_up(
    level: str,
    form: Literal["line", "json"],
    chatty: Sequence[str] = (),
    handler: logging.Handler | None = None,
) -> None:
    """Send all log lines to standard error.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
        form: How a line looks.
        chatty: Libraries that are heard from ``WARNING`` on.
        handler: Default: one that writes each line at once.
    """
    handler = logging.StreamHandler() if handler is None else handler
    handler.setFormatter(FORMS[form]())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in chatty:
        least = max(logging.root.level, logging.WARNING)
        logging.getLogger(name).setLevel(least)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    members = islice(vars(record).items(), _OWN_FIRST, None)
    return {k: v for k, v in members if v is not None and k not in _OWN_LATER}


def _pairs(data: Mapping[str, Any]) -> str:
    return " ".join(f"{k}={_quoted(v)}" for k, v in data.items())


def _is_plain_data(text: str, count: int) -> bool:
    """Tell whether so many values, none quoted, end where they seem to."""
    return (
        text.isascii()
        and text.isprintable()
        and text.count("=") == count
        and text.count(" ") == count - 1
        and '"' not in text
        and "\\" not in text
        and "= " not in text
        and not text.endswith("=")
    )


def _quoted(value: object) -> str:
    """Return a value so that it ends where it seems to, and moves no cursor."""
    text = str(value)
    if _is_plain(text):
        return text
    if not text.isprintable():
        return json.dumps(text)
    is_plain = text and not any(sign in text for sign in ' "=\\')
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _time(when: float) -> str:
    return _millisecond(int(when * 1000))


@lru_cache(4)  # many lines are of the same one
def _millisecond(count: int) -> str:
    second, rest = divmod(count, 1000)
    said = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{said}.{rest:03}Z"

# SPDX-License-Identifier: Apache-2.0
"""The body of an event: the Standard Webhooks payload, the same on bus and webhook.

::

    {"type": "task.failed", "timestamp": "2026-11-24T02:10:00.123456Z", "data": {…}}
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from notifier.errors import InvalidEvent
from notifier.event import OF_BODY, Event

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 64
MAX_INTEGER: Final = 2**63 - 1
MAX_INTEGER_DIGITS: Final = 20

# RFC 3339 §5.6 date-time
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def encode_body(event: Event) -> bytes:
    """Return the body that carries the event.

    Raises:
        InvalidEvent: ``data`` holds what JSON cannot, or the body is over 1 MiB.
    """
    members = {
        "type": event.type,
        "timestamp": format_time(event.time),
        "data": event.data,
        **event.extra,
    }
    body = encode_json("data", members)
    check_size(body)
    return body


def encode_json(path: str, value: object, *, max_depth: int = MAX_DEPTH) -> bytes:
    """Return the value as compact JSON in UTF-8.

    Raises:
        InvalidEvent: It holds what JSON cannot, or is nested more deeply.
    """
    try:
        body = _ENCODER.encode(value).encode()
    except (TypeError, ValueError, RecursionError) as err:
        raise InvalidEvent(path, f"cannot be written as JSON: {err}") from err
    _check_values(path, value, max_depth)
    return body


def decode_json(
    body: bytes | str, *, max_bytes: int = MAX_BODY_BYTES, max_depth: int = MAX_DEPTH
) -> Any:  # noqa: ANN401 - JSON's edge
    """Return what the JSON text holds.

    Refused is what two readers may understand differently: NaN, numbers over 64
    bits, text that is not Unicode in UTF-8, and nesting over 64 levels.

    Raises:
        InvalidEvent: It is not such JSON, or over 1 MiB.
    """
    check_size(body, max_bytes)
    try:
        # json.loads would take bytes in UTF-16 and UTF-32 too
        text = body.decode() if isinstance(body, bytes) else body
        value = _DECODER.decode(text)
    except RecursionError as err:
        raise InvalidEvent("body", "is nested too deeply") from err
    except UnicodeDecodeError as err:
        raise InvalidEvent("body", "is not UTF-8") from err
    except ValueError as err:
        raise InvalidEvent("body", f"is not JSON: {err}") from err
    # Only then are they worth the time; integers are looked at one by one.
    if ("\\u" in text or not text.isascii()) and _SURROGATE.search(text):
        encode_json("body", value, max_depth=max_depth)
    elif text.count("{") + text.count("[") > max_depth:
        _check_values("body", value, max_depth)
    return value


def event_members(
    body: object,
) -> tuple[str, datetime, Mapping[str, Any], dict[str, Any]]:
    """Return type, time, data and the other members of a decoded body.

    Raises:
        InvalidEvent: One of the three is missing or wrong.
    """
    if not isinstance(body, dict):
        raise InvalidEvent("body", "must be an object with type, timestamp and data")
    kind, time, data = body.get("type"), body.get("timestamp"), body.get("data")
    extra = {k: v for k, v in body.items() if k not in OF_BODY}
    if not isinstance(kind, str):
        raise InvalidEvent("type", "is missing" if kind is None else "must be text")
    if not isinstance(data, dict):
        raise InvalidEvent(
            "data", "is missing" if data is None else "must be an object"
        )
    return kind, parse_time("timestamp", time), data, extra


def parse_time(field: str, text: object) -> datetime:
    """Return an RFC 3339 time.

    Raises:
        InvalidEvent: It is none.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise InvalidEvent(
            field, "must be a time as in RFC 3339, such as 2026-11-24T02:10:00Z"
        )
    try:
        time = datetime.fromisoformat(text.upper())
        return time if time.tzinfo is UTC else time.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise InvalidEvent(field, f"is no time: {err}") from err


def format_time(time: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the microsecond."""
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:-6] + "Z"


def check_size(body: bytes | str, max_bytes: int = MAX_BODY_BYTES) -> None:
    """Refuse a body that is too long.

    Raises:
        InvalidEvent: It is.
    """
    if len(body) > max_bytes:
        mebibytes = max_bytes // MAX_BODY_BYTES
        raise InvalidEvent(
            "body", f"is {len(body)} bytes long; at most {mebibytes} MiB"
        )


def _integer(text: str) -> int:
    # Python reads any length, in quadratic time.
    if len(text) > MAX_INTEGER_DIGITS or abs(int(text)) > MAX_INTEGER:
        raise ValueError("an integer does not fit 64 bits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number does not fit 64 bits")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Made once: json.dumps and json.loads with these would make one for each text.
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
)
_DECODER: Final = json.JSONDecoder(
    parse_constant=_no_constant, parse_int=_integer, parse_float=_float
)


def _check_values(path: str, value: object, max_depth: int) -> None:
    fault = _fault((value,), max_depth + 1)
    if fault:
        raise InvalidEvent(path, fault.format(max_depth))


def _fault(values: Iterable[object], depth: int) -> str:
    """Return what is wrong with values; a text costs the same however long it is."""
    if not depth:
        return "is nested over {} levels deep"
    for value in values:
        if isinstance(value, str) or value is None:
            continue
        if isinstance(value, (dict, list, tuple)):
            inner = value.values() if isinstance(value, dict) else value
            if fault := _fault(inner, depth - 1):
                return fault
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            return "holds an integer that does not fit 64 bits"
    return ""

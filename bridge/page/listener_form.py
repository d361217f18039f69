# SPDX-License-Identifier: Apache-2.0
"""The form of a listener: its fields are named by their paths in the listener's JSON."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

from bridge.callbacks.request import METHODS
from bridge.errors import Invalid
from bridge.model.listener import Listener as Kept
from bridge.page.rendering import render
from bridge.page.visit import Fields, Visit
from bridge.shape.credentials import auth_json
from bridge.shape.faults import fault_of
from bridge.shape.merging import MASK, mask
from bridge.shape.replay import Registration
from bridge.shape.shown import listener_json

Values = Mapping[str, str]
Errors = Sequence[tuple[str, str]]

_TEXTS: Final = (
    *("name", "description", "workbook", "workflow", "execution_id", "task", "when"),
)
_GROUPS: Final = ("auth", "batch")
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?")
_AUTH: Final = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "header": ("name", "value"),
    "certificate": ("certificate", "key"),
}
_SECRETS: Final = ("token", "password", "value", "key")
_BLANK: Final[Values] = {
    "id": "",
    "revision": "",
    "project": "",
    **dict.fromkeys(_TEXTS, ""),
    "events": "on-task-error\non-execution-error",
    "callback.type": "http",
    "callback.url": "",
    "callback.method": "POST",
    "callback.headers": "",
    "callback.exchange": "",
    "callback.routing_key": "",
    "callback.format": "standard",
    "callback.batch.max_events": "100",
    "callback.batch.max_wait_ms": "50",
    "callback.mode": "cast",
    "callback.on_timeout": "accept",
    "callback.timeout_seconds": "15",
    "callback.auth.type": "",
    **{f"callback.auth.{one}": "" for names in _AUTH.values() for one in names},
    "ordered": "",
    "max_in_flight": "64",
    "rate_per_second": "",
    "retry.delays_seconds": "5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400",
    "retry.jitter": "0.2",
    "signing": "v1",
    "enabled": "yes",
}


def blank(fields: Fields) -> Values:
    """Return the values of a new listener's form, some of them given."""
    given = {name: fields.get(name) for name in _TEXTS if fields.get(name)}
    return {**_BLANK, **given}


def values_of(kept: Kept) -> Values:
    """Return the values that a listener's form begins with; secrets are masked."""
    shown = listener_json(kept)
    callback, retry = shown["callback"], shown["retry"]
    auth = auth_json(kept.callback.auth) or {}
    batch = callback["batch"] or {}
    headers = (callback.get("headers") or {}).items()
    return {
        **_BLANK,
        **{name: shown[name] or "" for name in _TEXTS},
        "id": shown["id"],
        "revision": str(shown["revision"]),
        "project": shown["project"],
        "events": "\n".join(shown["events"]),
        **{f"callback.{k}": _text(v) for k, v in callback.items() if k not in _GROUPS},
        **{f"callback.batch.{k}": _text(v) for k, v in batch.items()},
        "callback.headers": "\n".join(f"{name}: {value}" for name, value in headers),
        "callback.on_timeout": callback["on_timeout"] or "accept",
        **{f"callback.auth.{name}": value for name, value in auth.items()},
        "ordered": "yes" if shown["ordered"] else "",
        "enabled": "yes" if shown["enabled"] else "",
        "max_in_flight": _text(shown["max_in_flight"]),
        "rate_per_second": _text(shown["rate_per_second"]),
        "retry.delays_seconds": ", ".join(_text(s) for s in retry["delays_seconds"]),
        "retry.jitter": _text(retry["jitter"]),
        "signing": shown["signing"],
    }


def sent_values(form: Fields) -> Values:
    """Return a form's values as they were sent."""
    given = form.as_mapping()
    return {name: given.get(name, "") for name in _BLANK}


def event_names(text: str) -> list[str]:
    """Return the events that were written, however they were kept apart."""
    return [one for one in re.split(r"[\s,]+", text) if one]


def read(values: Values) -> dict[str, Any]:
    """Return the JSON that a form stands for; what is no number stays a text.

    Raises:
        Invalid: A header is none.
    """
    # Forms send a line's end as CR LF (HTML, "normalize newlines").
    texts = {name: values[name].strip().replace("\r\n", "\n") for name in _TEXTS}
    body: dict[str, Any] = {name: text or None for name, text in texts.items()}
    project = values["project"].strip()
    delays = [one for one in re.split(r"[\s,]+", values["retry.delays_seconds"]) if one]
    return body | {
        **({"project": project} if project else {}),
        "events": event_names(values["events"]),
        "callback": _callback(values),
        "ordered": values["ordered"] == "yes",
        "enabled": values["enabled"] == "yes",
        "max_in_flight": _number(values["max_in_flight"]),
        "rate_per_second": _number(values["rate_per_second"]),
        "retry": {
            "delays_seconds": [_number(one) for one in delays],
            "jitter": _number(values["retry.jitter"]),
        },
        "signing": values["signing"],
    }


def new_listener(values: Values) -> Registration:
    """Return what a form asks for.

    Raises:
        ValidationError: See `faults`.
        Invalid: Names the field.
    """
    return Registration.model_validate(read(values))


def patch_of(values: Values, kept: Kept) -> dict[str, Any]:
    """Return what changes a listener; what has no field in the form stays as it is.

    Raises:
        Invalid: Names the field.
    """
    body = read(values)
    callback = body["callback"]
    # A merge leaves alone what is not named.
    if callback["type"] != kept.callback.type:
        callback = dict.fromkeys(listener_json(kept)["callback"]) | callback
    headers = callback.get("headers")
    if headers is not None:
        callback["headers"] = dict.fromkeys(kept.callback.headers) | headers
    return body | {"callback": callback}


def faults(error: ValidationError | RequestValidationError | Invalid) -> Errors:
    """Return each field that is wrong, and why."""
    if isinstance(error, Invalid):
        return [(error.field, error.reason)]
    is_whole = isinstance(error, RequestValidationError)
    place = () if is_whole else ("body",)
    found = ({**one, "loc": (*place, *one["loc"])} for one in error.errors())
    return [fault_of(one, {}) for one in found]


def form_page(
    visit: Visit,
    values: Values,
    *,
    errors: Errors = (),
    trial: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    """Return the page with the form; what may be secret is to be given again."""
    return render(
        visit,
        "listener-form.html",
        status=status,
        values=_shown_again(values),
        errors=[(_field_of(field), field, reason) for field, reason in errors],
        trial=trial,
        methods=METHODS,
    )


def _shown_again(values: Values) -> Values:
    secrets = (f"callback.auth.{name}" for name in _SECRETS)
    forgotten = {name: "" for name in secrets if values[name] != MASK}
    lines = map(_shown_header, values["callback.headers"].splitlines())
    return {**values, **forgotten, "callback.headers": "\n".join(lines)}


def _shown_header(line: str) -> str:
    """Return a line of headers, without its value where that may be secret."""
    name, _, value = line.partition(":")
    if value.strip() == MASK or mask({name: value})[name] == value:
        return line
    return name.split()[0]  # without a colon: so it is refused, not sent empty


def _callback(values: Values) -> dict[str, Any]:
    callback: dict[str, Any] = {
        "type": values["callback.type"],
        "timeout_seconds": _number(values["callback.timeout_seconds"]),
    }
    if callback["type"] == "amqp":
        names = ("exchange", "routing_key")
        return callback | {n: values[f"callback.{n}"].strip() or None for n in names}
    is_call = values["callback.mode"] == "call"
    return callback | {
        "url": values["callback.url"].strip() or None,
        "method": values["callback.method"],
        "headers": _headers(values["callback.headers"]),
        "auth": _auth(values),
        "format": values["callback.format"],
        "batch": _batch(values),
        "mode": values["callback.mode"],
        "on_timeout": values["callback.on_timeout"] if is_call else None,
    }


def _auth(values: Values) -> dict[str, str] | None:
    kind = values["callback.auth.type"]
    if not kind:
        return None
    names = _AUTH.get(kind, ())
    return {"type": kind} | {name: values[f"callback.auth.{name}"] for name in names}


def _batch(values: Values) -> dict[str, Any] | None:
    if values["callback.format"] != "cloudevents-batch":
        return None
    names = ("max_events", "max_wait_ms")
    return {name: _number(values[f"callback.batch.{name}"]) for name in names}


def _headers(text: str) -> dict[str, str]:
    headers = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise Invalid("callback.headers", "are one a line: Name: value")
        headers[name.strip()] = value.strip()
    return headers


def _number(text: str) -> int | float | str | None:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return text or None
    number = float(text)
    return int(number) if number.is_integer() else number


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _field_of(field: str) -> str:
    """Return the field of the form that a path in JSON is about."""
    path = field.partition("[")[0]
    while path and path not in _BLANK:
        path = path.rpartition(".")[0]
    return path

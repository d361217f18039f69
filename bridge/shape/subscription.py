# SPDX-License-Identifier: Apache-2.0
"""A listener as a subscription of the CloudEvents Subscriptions API, and back.

::

    source            filters[0].exact.source     sink               callback.url
    types             events                      sinkcredential     callback.auth
    filters           filters, behind source's    protocolsettings   the rest of callback
    config            all else
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from bridge import model
from bridge.conditions.filters import MAX_FILTERS
from bridge.errors import Invalid
from bridge.model.drafts import MAX_EVENTS
from bridge.shape.credentials import auth_json
from bridge.shape.listener import Callback, NewListener
from bridge.shape.merging import MASK
from bridge.shape.shown import listener_json
from bridge.shape.strict import Strict
from notifier.event import DEFAULT_PROJECT
from notifier.event_types import expand

CONFIG: Final = (
    *("project", "name", "description", "workbook", "workflow", "execution_id", "task"),
    *("events", "when", "ordered", "max_in_flight", "rate_per_second", "retry"),
    *("enabled", "signing", "secret"),
)
"""What a subscription's ``config`` may hold: members of a listener."""

_EVERYTHING: Final = ["EXECUTION", "TASK"]
_SETTINGS: Final = ("method", "headers", "timeout_seconds", "format")
_UNSAID: Final = ("mode", "on_timeout")
_WORDS: Final = (
    (r"callback\.url", "sink"),
    (r"callback\.auth\.(username|name)", "sinkcredential.identifier"),
    (r"callback\.auth\.token", "sinkcredential.accesstoken"),
    (r"callback\.auth\b.*", "sinkcredential.secret"),
    (r"callback\.", "protocolsettings."),
)


class SinkCredential(Strict):
    """How to sign in at the sink; secrets are taken, and never shown."""

    credentialtype: Literal["PLAIN", "ACCESSTOKEN", "OTHER"] = Field(
        description="OTHER: as /v1/listeners knows it; it stays."
    )
    identifier: str | None = Field(None, description="Of PLAIN: the user.")
    secret: str = Field(MASK, description="Of PLAIN. Not given: it stays.")
    accesstoken: str = Field(MASK, description="Of ACCESSTOKEN. Not given: it stays.")


class ProtocolSettings(Strict):
    """How the sink is told."""

    method: str = "POST"
    headers: dict[str, str] = Field(default={}, examples=[{"X-Team": "ops"}])
    timeout_seconds: float = Callback.model_fields["timeout_seconds"].default
    format: Literal["standard", "cloudevents"] = Field(
        default="standard",
        description="CloudEvents' binary mode, or its structured mode.",
    )


class Subscription(Strict):
    """Who is sent which events, as the CloudEvents Subscriptions API says it."""

    id: str | None = Field(None, description="Given by the bridge.")
    source: str | None = Field(None, description="Events of this source only.")
    types: list[str] | None = Field(
        None,
        min_length=1,
        max_length=MAX_EVENTS,
        description="Default: every type of execution. and task.",
        examples=[["task.failed"]],
    )
    config: dict[str, Any] = Field(
        {}, description=f"Members of a listener: {', '.join(CONFIG)}."
    )
    filters: list[dict[str, Any]] = Field([], max_length=MAX_FILTERS)
    sink: str = Field(examples=["https://example.org/hook"])
    sinkcredential: SinkCredential | None = None
    protocol: Literal["HTTP"]
    protocolsettings: ProtocolSettings = ProtocolSettings()

    def listener(self, current: model.Listener | None = None) -> dict[str, Any]:
        """Return the JSON of the listener that it stands for.

        Args:
            current: The listener that it changes.

        Raises:
            Invalid: Names the field.
        """
        for name in self.config:
            if name not in CONFIG:
                raise Invalid(f"config.{name}", f"is none of {', '.join(CONFIG)}")
        if self.types is not None and "events" in self.config:
            raise Invalid("config.events", "stands beside types; give one of them")
        events = self.config.get("events", self.types)
        of_source = [] if self.source is None else [{"exact": {"source": self.source}}]
        return {
            **self.config,
            "events": _EVERYTHING if events is None else events,
            "filters": [*of_source, *self.filters],
            "callback": {
                "type": "http",
                "url": self.sink,
                "auth": self._auth(current),
                **self.protocolsettings.model_dump(),
                **_unsaid(current),
            },
        }

    def said(self, field: str) -> str:
        """Return the name here of a listener's field, as errors tell it."""
        if field.startswith("filters") and self.source is not None:
            place = int(re.findall(r"\d+", field)[0]) if "[" in field else 1
            if place == 0:
                return "source"
            return re.sub(r"\d+", str(place - 1), field, count=1)
        if field.startswith("events") and self.types is not None:
            return field.replace("events", "types", 1)
        for pattern, word in _WORDS:
            if re.match(pattern, field):
                return re.sub(pattern, word, field, count=1)
        name = re.split(r"\W", field, maxsplit=1)[0]
        return f"config.{field}" if name in CONFIG else field

    def _auth(self, current: model.Listener | None) -> dict[str, Any] | None:
        credential = self.sinkcredential
        if credential is None:
            return None
        match credential.credentialtype:
            case "PLAIN":
                return {
                    "type": "basic",
                    "username": credential.identifier or "",
                    "password": credential.secret,
                }
            case "ACCESSTOKEN":
                return {"type": "bearer", "token": credential.accesstoken}
            case "OTHER":
                return None if current is None else auth_json(current.callback.auth)


def _unsaid(current: model.Listener | None) -> dict[str, Any]:
    """Return what no subscription says of a callback, and what a change leaves alone."""
    if current is None:
        return {}
    callback = listener_json(current)["callback"]
    return {name: callback[name] for name in _UNSAID}


def subscription_json(listener: model.Listener) -> dict[str, Any]:
    """Return a listener's JSON as a subscription, without what is secret."""
    shown = listener_json(listener)
    callback = shown["callback"]
    source, filters = _of_source(shown["filters"])
    types = _types(listener.events)
    config = _config(shown)
    if types is not None or listener.events == tuple(_EVERYTHING):
        del config["events"]
    members = {
        "id": listener.id,
        "source": source,
        "types": types,
        "config": config,
        "filters": filters,
        "sink": callback["url"],
        "sinkcredential": _credential(callback["auth"]),
        "protocol": "HTTP",
        "protocolsettings": {name: callback[name] for name in _SETTINGS},
    }
    return {name: value for name, value in members.items() if value is not None}


def _config(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not as it is by default."""
    fields = NewListener.model_fields
    usual = {name: _plain(field.default) for name, field in fields.items()}
    usual["project"] = DEFAULT_PROJECT
    return {
        name: shown[name]
        for name in CONFIG
        if name in shown and shown[name] != usual[name]
    }


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else value


def _types(events: Sequence[str]) -> list[str] | None:
    """Return the types that a listener's events mean; None: no types say it."""
    patterns = [one for name in events for one in expand(name)]
    if any("*" in one for one in patterns):
        return None
    return list(dict.fromkeys(patterns))


def _of_source(filters: Sequence[Any]) -> tuple[str | None, list[Any]]:
    match filters:
        case [{"exact": {"source": str(source), **rest}}, *others] if not rest:
            return source, others
        case _:
            return None, list(filters)


def _credential(auth: Mapping[str, str] | None) -> dict[str, str] | None:
    match auth:
        case None:
            return None
        case {"type": "basic", "username": user}:
            return {"credentialtype": "PLAIN", "identifier": user}
        case {"type": "bearer"}:
            return {"credentialtype": "ACCESSTOKEN"}
        case _:
            return {"credentialtype": "OTHER"}

# SPDX-License-Identifier: Apache-2.0
"""Turns a workbook into listeners: one for each call of a hook, and those it lists.

Each has a key that stays the same as long as it means the same, wherever it stands in
the file: ``tasks/charge/on-exit/Logger:success``, or ``listeners/`` and its name.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from bridge.errors import Invalid
from bridge.model import ListenerDraft
from bridge.shape.faults import fault_of, field_names
from bridge.shape.listener import NewListener
from bridge.shape.merging import has_secrets, leads_elsewhere
from bridge.workbook.document import Document, Entry, Origin, Place, Service

MAX_LISTENERS: Final = 2000

# What a service, an action or an entry may say of the listener, beside its callback.
_OF_LISTENER: Final = (
    *("max_in_flight", "ordered", "rate_per_second", "retry", "secret", "signing"),
)
_IDENTITY: Final = ("execution_id", "task", "workflow", "when", "events")
_KNOWN: Final = {"body": tuple(field_names(NewListener))}
_ABSOLUTE: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Compiled:
    """The listeners that a workbook makes.

    Attributes:
        drafts: By their keys.
        paths: Key to where it stands in the workbook, as errors say it.
        actions: Path of each action to a listener that it could serve.
    """

    drafts: Mapping[str, ListenerDraft]
    paths: Mapping[str, str]
    actions: Mapping[str, ListenerDraft]


def compiled(document: Document, project: str, secrets: Mapping[str, str]) -> Compiled:
    """Return all listeners that a workbook makes.

    Args:
        document: Which.
        project: That it belongs to.
        secrets: Service to what signs its calls, where it does not say so itself.

    Raises:
        Invalid: Names the place and what would be right.
    """
    drafts: dict[str, ListenerDraft] = {}
    paths: dict[str, str] = {}
    actions = _actions(document, project)
    for place, hook in document.hooks.items():
        for entry in hook.entries:
            draft = _called(document, place, entry, project)
            if draft.secret is None:
                draft = replace(draft, secret=secrets[entry.service])
            key = _unused(f"{place}/{entry}", drafts)
            drafts[key], paths[key] = draft, f"{place.path}.{entry}"
    for index, members in enumerate(document.listeners):
        path = f"listeners[{index}]"
        key = _unused(f"listeners/{_known_by(members)}", drafts)
        drafts[key] = _declared(document.name, path, members, project)
        paths[key] = path
    if len(drafts) > MAX_LISTENERS:
        told = f"makes {len(drafts)} listeners; at most {MAX_LISTENERS}"
        raise Invalid("workbook", told)
    return Compiled(drafts, paths, actions)


def signs_itself(service: Service) -> bool:
    """Tell whether a service says itself what its calls are signed with."""
    return service.parameters.get("secret") is not None


def _actions(document: Document, project: str) -> dict[str, ListenerDraft]:
    """Try out every action, also one that is not called yet."""
    drafts = {}
    for name, service in document.services.items():
        for action in service.actions:
            path = f"services.{name}.actions.{action}"
            try:
                members = _members(service, Entry(name, action), path)
                whole = {"project": project, "events": ["TASK"], **members}
                drafts[path] = _draft(path, whole)
            except Invalid as err:
                raise _of_parameter(err, path, name, service, action) from err
    return drafts


def _of_parameter(
    err: Invalid, path: str, name: str, service: Service, action: str
) -> Invalid:
    """Let what an action takes from its service be told where it stands."""
    field = err.field.removeprefix(f"{path}.")
    member = field.partition(".")[0]
    if member in service.actions[action].members or member not in service.parameters:
        return err
    whole = f"services.{name}.parameters.{field}"
    return Invalid(whole, err.reason)


def _called(
    document: Document, place: Place, entry: Entry, project: str
) -> ListenerDraft:
    path = f"{place.path}.{entry}"
    service = document.services.get(entry.service)
    if service is None or entry.action not in service.actions:
        hook = document.hooks[place]
        by = ", made by the API," if hook.origin is Origin.API else ""
        raise Invalid(place.path, f"this hook{by} calls {entry}, which is no more")
    return _draft(
        path,
        {
            "project": project,
            "workbook": document.name,
            "workflow": place.workflow,
            "task": place.task,
            "events": [place.event],
            "when": entry.when,
            **_members(service, entry, path),
        },
    )


def _members(service: Service, entry: Entry, path: str) -> dict[str, Any]:
    """Return the members of a listener: the entry's go first, then the action's."""
    action = service.actions[entry.action].members
    parameters = dict(service.parameters)
    base = parameters.pop("baseUrl", None)
    if "url" in parameters:
        told = "means nothing here; take baseUrl, and a url in each action"
        raise Invalid(f"services.{entry.service}.parameters.url", told)
    layers = (parameters, action, entry.members)
    members: dict[str, Any] = {}
    for layer in layers:
        members |= layer
    if any("headers" in layer for layer in layers):
        members["headers"] = _headers(layers, path)
    members["type"] = service.type
    if service.type == "http":
        members["url"] = url = _url(base, action.get("url"), path)
        _keep_secrets_home(path, parameters, base, url)
    whole: dict[str, Any] = {}
    for name in _OF_LISTENER:
        if name in members:
            whole[name] = members.pop(name)
    return {**whole, "callback": members}


def _headers(layers: tuple[Mapping[str, Any], ...], path: str) -> dict[str, Any]:
    """Return the headers of all layers; names are the same in any case."""
    whole: dict[str, tuple[str, Any]] = {}
    for layer in layers:
        headers = layer.get("headers")
        if headers is not None and not isinstance(headers, Mapping):
            raise Invalid(f"{path}.headers", "must hold names and values")
        for name, value in ({} if headers is None else headers).items():
            whole[str(name).lower()] = (name, value)
    return dict(whole.values())


def _url(base: object, url: object, path: str) -> str:
    for field, value in (("baseUrl", base), ("url", url)):
        if value is not None and not isinstance(value, str):
            raise Invalid(f"{path}.{field}", "must be a text")
    if isinstance(url, str) and url.lower().startswith(_ABSOLUTE):
        return url
    if base is None:
        told = "the service has no baseUrl; give it one, or a whole URL here"
        raise Invalid(f"{path}.url", told)
    if not url:
        return str(base)
    slash = "" if str(url).startswith("?") else "/"
    return f"{str(base).rstrip('/')}{slash}{str(url).lstrip('/')}"


def _keep_secrets_home(
    path: str, parameters: Mapping[str, Any], base: object, url: str
) -> None:
    """Refuse to send what is secret of a service elsewhere, by an action's whole URL."""
    shared = {n: parameters[n] for n in ("headers", "auth") if parameters.get(n)}
    if not shared:
        return
    home = {**shared, "url": url if base is None else base}
    spec = _draft(path, {"events": ["TASK"], "callback": home}).callback
    try:
        is_elsewhere = base is None or leads_elsewhere(url, spec)
    except Invalid as err:
        raise Invalid(f"{path}.url", err.reason) from err
    if is_elsewhere and has_secrets(spec):
        raise Invalid(
            f"{path}.url",
            "leads elsewhere than the service's baseUrl, whose headers or auth are "
            "secret; make it a service of its own",
        )


def _declared(
    workbook: str, path: str, members: Mapping[str, Any], project: str
) -> ListenerDraft:
    draft = _draft(path, {"workbook": workbook, "project": project, **members})
    for name, told, right in (
        ("project", draft.project, project),
        ("workbook", draft.workbook, workbook),
    ):
        if told != right:
            raise Invalid(f"{path}.{name}", f"must be {right!r}, or left out")
    if draft.execution_id is not None:
        raise Invalid(
            f"{path}.execution_id",
            "a workbook outlives its executions; take listener-add execution",
        )
    return draft


def _draft(path: str, members: Mapping[str, Any]) -> ListenerDraft:
    """Return the draft of a listener; what is wrong is told in the workbook's words."""
    try:
        return NewListener.model_validate(members).draft()
    except ValidationError as err:
        first = err.errors()[0]
        fault = {**first, "loc": ("body", *first["loc"])}
        raise Invalid(*_here(path, *fault_of(fault, _KNOWN))) from err
    except Invalid as err:
        raise in_workbook(path, err) from err


def in_workbook(path: str, err: Invalid) -> Invalid:
    """Return what is wrong with a listener in the words of the workbook."""
    return Invalid(*_here(path, err.field, err.reason))


def _here(path: str, field: str, reason: str) -> tuple[str, str]:
    if path.startswith("listeners["):
        return f"{path}.{field}", reason
    # A service, an action and an entry say these without the word callback.
    short = field.removeprefix("callback.")
    return f"{path}.{short}", reason.replace("did you mean callback.", "did you mean ")


def _known_by(members: Mapping[str, Any]) -> str:
    """Return a listener's name; if it has none, what stands for all that it hears."""
    name = members.get("name")
    if isinstance(name, str) and name:
        return name
    callback = members.get("callback")
    told = callback if isinstance(callback, Mapping) else members
    heard = [members.get(n) for n in _IDENTITY]
    target = [told.get(n) for n in ("url", "exchange", "routing_key")]
    digest = hashlib.sha256(json.dumps([heard, target]).encode()).hexdigest()
    return f"~{digest[:10]}"


def _unused(key: str, taken: Mapping[str, object]) -> str:
    """Return a key of its own: the same call may stand at a place twice."""
    number, unused = 2, key
    while unused in taken:
        unused, number = f"{key}#{number}", number + 1
    return unused

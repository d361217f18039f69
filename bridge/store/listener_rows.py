# SPDX-License-Identifier: Apache-2.0
"""A listener as a row of its table, what is secret sealed, and back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from bridge.model import (
    Batching,
    CallbackSpec,
    Format,
    Listener,
    ListenerId,
    Mode,
    RetryPolicy,
)
from bridge.model.auth import auth_of, members_of
from bridge.model.signing import FormerSecret, Signing
from bridge.store.vault import Vault


def listener_row(listener: Listener, vault: Vault) -> dict[str, Any]:
    """Return the columns of a listener but ``changed_in`` and ``starting``."""
    spec = listener.callback
    return {
        "id": listener.id,
        "project": listener.project,
        "name": listener.name,
        "description": listener.description,
        "workbook": listener.workbook,
        "workbook_key": listener.workbook_key,
        "workflow": listener.workflow,
        "execution_id": listener.execution_id,
        "task": listener.task,
        "events": list(listener.events),
        "when": listener.when,
        "filters": list(listener.filters),
        "callback": {
            "type": spec.type,
            "url": spec.url,
            "method": spec.method,
            "exchange": spec.exchange,
            "routing_key": spec.routing_key,
            "format": spec.format.value,
            "timeout_seconds": spec.timeout.total_seconds(),
            "mode": spec.mode.value,
            "on_timeout": spec.on_timeout,
            "batch": _batch_row(spec.batch),
        },
        "sealed": vault.seal(
            {
                "secret": listener.secret,
                "key": listener.key,
                "signing": listener.signing.value,
                "former": [
                    [one.text, one.until.timestamp()] for one in listener.former
                ],
                "headers": dict(spec.headers),
                "auth": None if spec.auth is None else members_of(spec.auth),
                "options": dict(spec.options),
            }
        ),
        "ordered": listener.ordered,
        "max_in_flight": listener.max_in_flight,
        "rate_per_second": listener.rate_per_second,
        "allowed_rate": listener.allowed_rate,
        "retry": {
            "delays_seconds": [d.total_seconds() for d in listener.retry.delays],
            "jitter": listener.retry.jitter,
        },
        "enabled": listener.enabled,
        "disabled_reason": listener.disabled_reason,
        "revision": listener.revision,
        "created_at": listener.created_at,
        "updated_at": listener.updated_at,
    }


def listener_of(row: Row[Any], vault: Vault) -> Listener:
    """Return the listener that a row holds."""
    sealed = vault.open(row.sealed)
    return Listener(
        id=ListenerId(row.id),
        project=row.project,
        name=row.name,
        description=row.description,
        workbook=row.workbook,
        workbook_key=row.workbook_key,
        workflow=row.workflow,
        execution_id=row.execution_id,
        task=row.task,
        events=tuple(row.events),
        when=row.when,
        filters=tuple(row.filters or ()),  # older rows have none
        callback=_spec(row.callback, sealed),
        secret=sealed["secret"],
        **_signing(sealed),
        ordered=row.ordered,
        starting=row.starting,
        max_in_flight=row.max_in_flight,
        rate_per_second=row.rate_per_second,
        allowed_rate=row.allowed_rate,
        retry=RetryPolicy(
            tuple(timedelta(seconds=s) for s in row.retry["delays_seconds"]),
            row.retry["jitter"],
        ),
        enabled=row.enabled,
        disabled_reason=row.disabled_reason,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _signing(sealed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what older rows were sealed without."""
    return {
        "key": sealed.get("key"),
        "signing": Signing(sealed.get("signing", "v1")),
        "former": tuple(
            FormerSecret(text, datetime.fromtimestamp(until, UTC))
            for text, until in sealed.get("former", ())
        ),
    }


def _spec(callback: Mapping[str, Any], sealed: Mapping[str, Any]) -> CallbackSpec:
    members = dict(callback)
    timeout = timedelta(seconds=members.pop("timeout_seconds"))
    mode = Mode(members.pop("mode", "cast"))  # older rows were written without
    form = Format(members.pop("format", "standard"))  # the same
    batch = members.pop("batch", None)  # the same
    auth = sealed.get("auth")  # older rows were sealed without
    return CallbackSpec(
        **members,
        headers=sealed["headers"],
        auth=None if auth is None else auth_of(auth),
        options=sealed["options"],
        format=form,
        timeout=timeout,
        mode=mode,
        batch=None if batch is None else _batching(batch),
    )


def _batch_row(batch: Batching | None) -> dict[str, Any] | None:
    if batch is None:
        return None
    seconds = batch.max_wait.total_seconds()
    return {"max_events": batch.max_events, "max_wait_seconds": seconds}


def _batching(row: Mapping[str, Any]) -> Batching:
    return Batching(row["max_events"], timedelta(seconds=row["max_wait_seconds"]))

# SPDX-License-Identifier: Apache-2.0
"""What a change of a workbook did, as JSON, and a workbook as it is shown."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from bridge import model
from bridge.shape.listener import Listener
from bridge.shape.shown import listener_json
from bridge.store.workbooks import StoredWorkbook
from bridge.workbook.exporting import shown, shown_as_yaml
from bridge.workbook.hooks import LeftAlone
from bridge.workbook.workbooks import Applied, Kept
from notifier.wire.body import format_time


class MadeListener(BaseModel):
    """A listener that a workbook makes, and what the workbook knows it by."""

    key: str = Field(examples=["tasks/charge/on-exit/Logger:success"])
    listener: Listener


class ChangedListener(MadeListener):
    """A listener that is another now."""

    members: list[str] = Field(description="Those that differ.", examples=[["when"]])


class Engines(BaseModel):
    """An entry that is the engine's business."""

    place: str = Field(examples=["tasks/charge/on-success"])
    entry: str = Field(examples=["ship"])


class NewSecret(BaseModel):
    """A signing secret that was made now."""

    key: str = Field(description="Of the service or listener that signs with it.")
    secret: str


class AppliedWorkbook(BaseModel):
    """What a change did, or with `dry_run` would do."""

    project: str
    name: str
    revision: int = Field(description="Stays the same where nothing is changed.")
    dry_run: bool
    added: list[MadeListener]
    changed: list[ChangedListener]
    removed: list[MadeListener]
    unchanged: int
    left_alone: list[Engines] = Field(description="Left to the engine.")
    secrets: list[NewSecret] = Field(description="Shown this once.")


class ListedWorkbook(BaseModel):
    """A workbook in a list."""

    project: str
    name: str
    revision: int
    created_at: str
    updated_at: str


class ListedWorkbooks(BaseModel):
    """Some workbooks; `next` is the ``after`` of the page behind."""

    workbooks: list[ListedWorkbook]
    next: str | None


class KeptWorkbook(ListedWorkbook):
    """What is in force of a workbook; what is secret is masked."""

    workbook: dict[str, Any]
    made_by_api: list[str] = Field(examples=[["tasks/charge/on-exit"]])
    listeners: list[MadeListener]


def applied_json(
    applied: Applied, left_alone: Sequence[LeftAlone], *, dry_run: bool
) -> dict[str, Any]:
    """Return what a change did as JSON."""
    made, what = applied.kept.made, applied.difference
    stored = applied.kept.stored
    secrets = {} if dry_run else applied.secrets
    return {
        "project": stored.project,
        "name": stored.name,
        "revision": stored.revision,
        "dry_run": dry_run,
        "added": [_made(key, made[key]) for key in what.added],
        "changed": [
            {**_made(key, made[key]), "members": list(change.members)}
            for key, change in what.changed.items()
        ],
        "removed": [_made(key, one) for key, one in what.removed.items()],
        "unchanged": what.unchanged,
        "left_alone": [{"place": str(o.place), "entry": o.entry} for o in left_alone],
        "secrets": [{"key": key, "secret": one} for key, one in secrets.items()],
    }


def listed_json(stored: StoredWorkbook) -> dict[str, Any]:
    """Return a workbook's JSON in a list."""
    return {
        "project": stored.project,
        "name": stored.name,
        "revision": stored.revision,
        "created_at": format_time(stored.created_at),
        "updated_at": format_time(stored.updated_at),
    }


def kept_json(kept: Kept) -> dict[str, Any]:
    """Return a workbook's JSON."""
    return {
        **listed_json(kept.stored),
        "workbook": shown(kept.document),
        "made_by_api": [key for key, _ in kept.document.made_by_api()],
        "listeners": [_made(key, one) for key, one in sorted(kept.made.items())],
    }


def kept_yaml(kept: Kept) -> str:
    """Return a workbook as YAML that can be applied, but for what is masked."""
    stored = kept.stored
    head = (
        f"# What the bridge does for this workbook, revision {stored.revision}; what\n"
        "# is secret is shown as ***, and what is the engine's is not shown.\n"
    )
    return head + shown_as_yaml(kept.document)


def _made(key: str, listener: model.Listener) -> dict[str, Any]:
    return {"key": key, "listener": listener_json(listener)}

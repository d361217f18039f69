# SPDX-License-Identifier: Apache-2.0
"""The rule: which event a notice of Mistral's becomes."""

import uuid
from datetime import UTC, datetime
from typing import Any, Final

from notifier.engines.excerpt import error_text
from notifier.engines.mistral.memory import Known
from notifier.engines.mistral.notice import Notice
from notifier.engines.numbering import sequence_of
from notifier.event import UNKNOWN, Event

_NAMESPACE: Final = uuid.UUID("6a2f8f6e-0f0c-5f0e-9d53-4c8ad2a1c9b7")


def translate(
    notice: Notice, known: Known, *, source: str, project: str | None, sequence: int
) -> Event:
    """Return the event; what Mistral does not tell, it does not have.

    Args:
        notice: What happened.
        known: What is known of its execution.
        source: URI reference of the engine.
        project: Of what belongs to no project of Mistral's.
        sequence: Grows with each notice of this process: microseconds since 1970.

    Raises:
        InvalidEvent: A name fits no event.
    """
    workbook, workflow = notice.workbook_and_workflow
    tenant = notice.project or project
    time = notice.time
    return Event.new(
        notice.type,
        execution=_execution(notice, known),
        task=_task(notice) if notice.is_of_task else None,
        source=source,
        event_id=event_id(notice, sequence),
        time=datetime.fromtimestamp(sequence / 1e6, UTC) if time is None else time,
        attributes={"sequence": sequence_of(sequence)},
        engine="mistral",
        project=UNKNOWN if tenant is None else tenant,
        workbook=workbook,
        workflow=workflow,
        payload=_payload(notice),
    )


def event_id(notice: Notice, sequence: int) -> str:
    """Return the event's id, the same for each copy of one change.

    It is made of execution, task, type and Mistral's timestamp. Mistral 23 cuts that
    to whole seconds, in which one task may be retried more than once: then the number
    of the notice tells them apart, and copies are known by `Teller`.
    """
    time = notice.time
    about = notice.execution_id, notice.data["id"], notice.type
    if time is not None and time.microsecond:
        moment = time.isoformat()
    else:
        moment = f"{time} {sequence}"
    return str(uuid.uuid5(_NAMESPACE, " ".join((*map(str, about), moment))))


def _execution(notice: Notice, known: Known) -> dict[str, Any]:
    return {
        "id": notice.execution_id,
        "root_id": known.root_id,
        "parent_id": known.parent_id,
        "state": UNKNOWN if notice.is_of_task else notice.state,
        "error": known.error,
    }


def _task(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.data["id"],
        "name": notice.data.get("name"),
        "state": notice.state,
        "error": notice.error,
    }


def _payload(notice: Notice) -> dict[str, Any]:
    """Return Mistral's own words, as its webhooks have them, but for long texts."""
    info = notice.data.get("state_info")
    return {
        **notice.data,
        "event": notice.event,
        "state_info": None if info is None else error_text(str(info)),
    }

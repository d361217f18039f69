# SPDX-License-Identifier: Apache-2.0
"""Notices as Mistral hands them to a publisher, and the events that they become."""

from datetime import datetime

from notifier.engines.mistral.memory import Memory
from notifier.engines.mistral.notice import Notice
from notifier.engines.mistral.translation import translate

SECOND = datetime(2026, 11, 24, 8, 46, 23)  # noqa: DTZ001 - as Mistral has it
MOMENT = SECOND.replace(microsecond=123456)


def of_task(event="TASK_FAILED", state="ERROR", *, at=MOMENT, **members):
    data = {
        "id": "t1",
        "name": "charge",
        "workflow_execution_id": "e1",
        "workflow_name": "orders.fulfil",
        "workflow_namespace": "",
        "state": state,
        "state_info": None,
        "type": "ACTION",
        "project_id": "acme",
        **members,
    }
    return Notice(data, event, at)


def of_execution(event="WORKFLOW_LAUNCHED", state="RUNNING", *, at=MOMENT, **members):
    data = {
        "id": "e1",
        "name": "orders.fulfil",
        "workflow_name": "orders.fulfil",
        "state": state,
        "state_info": None,
        "project_id": "acme",
        "task_execution_id": None,
        "root_execution_id": None,
        **members,
    }
    return Notice(data, event, at)


def told(*notices, alone=False, project=None):
    """Return the events that notices become, in their order."""
    memory = Memory(alone=alone)
    return [
        translate(
            notice,
            memory.learn(notice),
            source="/mistral",
            project=project,
            sequence=number,
        )
        for number, notice in enumerate(notices, 1)
    ]


def only(*notices, **members):
    return told(*notices, **members)[-1]


def errors(*notices, **members):
    """Return the latest error that each event has; ``?`` where it is left out."""
    return [
        one.data["execution"].get("error", "?") for one in told(*notices, **members)
    ]

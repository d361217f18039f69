# SPDX-License-Identifier: Apache-2.0
"""One message off the bus, and how it is shown: a line for people, or JSON."""

import json
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from notifier.event import Event
from notifier.wire import to_cloudevent

_STYLES: Final = {
    "succeeded": "green",
    "failed": "bold red",
    "revert-failed": "bold red",
    "cancelled": "red",
    "retrying": "yellow",
    "reverting": "yellow",
    "reverted": "yellow",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What came.

    Attributes:
        event: None where the message is no event.
        fault: Why it is none.
    """

    event: Event | None
    routing_key: str
    body: bytes
    fault: str = ""


def as_json(message: Message) -> str:
    """Return one line: the event in CloudEvents' structured form, or what is wrong."""
    if message.event is not None:
        return json.dumps(to_cloudevent(message.event))
    body = message.body.decode("utf-8", "replace")
    said = {"fault": message.fault, "routing_key": message.routing_key, "body": body}
    return json.dumps(said)


def as_text(message: Message) -> Text:
    """Return one line: time, type, project/workbook/workflow, execution, task, error."""
    event = message.event
    if event is None:
        key = _safe(message.routing_key)
        return Text(f"no event ({key}): {_safe(message.fault)}", style="magenta")
    time = event.time.isoformat(timespec="milliseconds")[11:23]
    names = (event.project, event.workbook, event.workflow)
    word = event.type.partition(".")[2]
    line = Text(f"{time}Z ", style="default")
    line.append(f"{event.type:<16}", style=_STYLES.get(word, "cyan"))
    line.append(f" {_safe('/'.join(name or '-' for name in names))}")
    line.append(f" {_safe(event.execution_id or event.subject)}")
    if event.kind == "task":
        line.append(f" {_safe(str(event.task_name or event.task_id))}", style="bold")
    error = event.data[event.kind].get("error")
    if error:
        line.append(f" error: {_safe(str(error))}", style="red")
    return line


def _safe(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode()
        for one in text
    )

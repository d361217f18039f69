# SPDX-License-Identifier: Apache-2.0
"""Runs a workflow, shows each event and who is told of it, and counts what was lost."""

import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bridge.client import BridgeClient
from bridge.embedded import EmbeddedBridge
from bridge.receiver import Received, Receiver
from bridge.settings import (
    ApiSettings,
    BusSettings,
    DatabaseSettings,
    SecretSettings,
    Settings,
)
from demo import flow
from demo.show import Show
from demo.stage import Stage, direct_consumer, stage
from demo.tally import Tally
from notifier.event import Event
from notifier.notifier import Notifier
from notifier.publishers.publisher import Publisher

LISTENERS: Final = {
    "executions": ["EXECUTION"],
    "failures": ["on-task-error"],
    "recovering": ["TASK"],
}
BINDING: Final = "task.failed.#"
FAILURES: Final = 2
"""So often the endpoint of ``recovering`` fails before it recovers."""

LIMIT_SECONDS: Final = 30.0


class Watched:
    """A publisher whose every confirmed event is shown and counted."""

    def __init__(self, publisher: Publisher, show: Show, tally: Tally) -> None:
        self._publisher = publisher
        self._show = show
        self._tally = tally

    def publish(self, events: Sequence[Event], *, timeout: timedelta) -> None:
        """Publish, then show (see `Publisher`)."""
        self._publisher.publish(events, timeout=timeout)
        for event in events:
            self._tally.published(event)
            what = f"{event.type:<17} {event.task_name or ''}".rstrip()
            self._show.happened("event", "published, confirmed", what)

    def close(self) -> None:
        """Leave the bridge's publisher to the bridge."""


class Endpoints:
    """The webhooks' receiving ends; `recovering` is down at first."""

    def __init__(self, show: Show, tally: Tally) -> None:
        self.secrets: dict[str, str] = {}
        self._show = show
        self._tally = tally
        self._refused = 0

    def secrets_of(self, path: str) -> list[str]:
        """Return what the deliveries to a path are signed with."""
        name = path.strip("/")
        return [self.secrets[name]] if name in self.secrets else []

    def answer(self, received: Received) -> int:
        """Take a delivery, or fail as the story goes."""
        name = received.path.strip("/")
        what = f"{received.headers['ce-type']:<17}"
        self._tally.tried()
        if not received.verified:
            self._show.happened("lost", name, f"{what} NOT verified: {received.reason}")
            return HTTPStatus.FORBIDDEN
        if name == "recovering" and self._refused < FAILURES:
            self._refused += 1
            self._show.happened("refused", name, f"{what} answer 503")
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._tally.delivered(name, received.headers["ce-id"])
        self._show.happened("webhook", name, f"{what} signature verified, answer 204")
        return HTTPStatus.NO_CONTENT


def main() -> int:
    """Run the demo; return 1 if anything was lost."""
    show, tally = Show(), Tally()
    with tempfile.TemporaryDirectory() as directory, stage() as place:
        show.line(place.line)
        endpoints = Endpoints(show, tally)
        receiver = Receiver(
            "127.0.0.1",
            0,
            secret=endpoints.secrets_of,
            on_delivery=lambda _received: None,
            answer=endpoints.answer,
        )
        with receiver, EmbeddedBridge(_settings(Path(directory), place)) as bridge:
            show.line(f"bridge: {bridge.url}, SQLite in a temporary directory")
            _register(bridge, receiver, endpoints, tally)
            _run(bridge, place, show, tally)
    line, lost = tally.closing_line()
    show.line(line)
    return 1 if lost else 0


def _settings(directory: Path, place: Stage) -> Settings:
    return Settings(
        api=ApiSettings(port=0),
        database=DatabaseSettings(f"sqlite:///{directory / 'bridge.sqlite3'}"),
        bus=BusSettings(url=place.url),
        secrets=SecretSettings(key_file=directory / "bridge.key"),
    )


def _register(
    bridge: EmbeddedBridge, receiver: Receiver, endpoints: Endpoints, tally: Tally
) -> None:
    client = BridgeClient(bridge.url)
    for name, events in LISTENERS.items():
        listener = client.listeners.add(
            {
                "name": name,
                "workbook": flow.WORKBOOK,
                "events": events,
                "callback": {"type": "http", "url": f"{receiver.url}/{name}"},
                "retry": {"delays_seconds": [0.3, 0.3, 0.3], "jitter": 0},
            }
        )
        endpoints.secrets[name] = listener["secret"]
        tally.expect_webhook(name, events)


def _run(bridge: EmbeddedBridge, place: Stage, show: Show, tally: Tally) -> None:
    def seen(event: Event) -> None:
        tally.consumed(BINDING, event.id)
        error = event.data["task"].get("error")
        what = f"{event.type:<17} {error}"
        show.happened("direct", BINDING, what)

    tally.expect_direct(BINDING)
    watched = Watched(bridge.publisher, show, tally)
    with direct_consumer(place, bridge, BINDING, seen):
        flow.run(Notifier(watched, source="/demo", engine="taskflow"))
        if not tally.wait(LIMIT_SECONDS):
            show.happened("lost", "after 30 s", "something did not arrive")


if __name__ == "__main__":
    sys.exit(main())

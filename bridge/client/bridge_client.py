# SPDX-License-Identifier: Apache-2.0
"""The bridge's REST API as a Python object; blocking, safe to share between threads.

Bodies go in and come out as in JSON; docs/reference/api.md tells their members.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Self
from urllib.parse import quote

import requests

from bridge.client.deliveries import Deliveries
from bridge.client.explanations import Explanations
from bridge.client.link import (
    DEFAULT_TIMEOUT_SECONDS,
    DEFAULT_URL,
    Json,
    Link,
    refusal,
    watched,
)
from bridge.client.listeners import Listeners
from bridge.client.quarantine import Quarantine
from bridge.client.replays import Replays
from bridge.client.tokens import Tokens
from bridge.client.workbooks import Workbooks

# The API writes a comment every 15 s; a stream silent for longer is dead.
_STREAM_TIMEOUT_SECONDS: Final = 60.0


class BridgeClient:
    """Talks to one bridge.

    Args:
        url: Where it listens.
        timeout: Seconds to wait for each answer; `listeners.test` waits as long as the
            listener's callback may take.
        token: Of `notifier-bridge token-create`, where the bridge wants one.
        session: Sends the requests, with headers and certificates of its own; closed
            with the client. None: a new one.

    Attributes:
        listeners: Who is told of what.
        workbooks: What workbooks say of callbacks.
        deliveries: Who was told, when, and what they answered.
        replays: Past events sent to listeners again.
        tokens: What lets others in.
        quarantine: Messages that were set aside.

    Raises:
        ClientError: From every method, when the bridge answers no.
        NoAnswer: From every method, when it does not answer.

    Example::

        hook = {"url": "http://127.0.0.1:9000/hook"}
        with BridgeClient() as bridge:
            added = bridge.listeners.add({"events": ["TASK"], "callback": hook})
            secret = added["secret"]  # shown this once
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        session: requests.Session | None = None,
    ) -> None:
        self._link = Link(url, timeout, session, token)
        self.url: Final = self._link.url
        self.listeners: Final = Listeners(self._link)
        self.workbooks: Final = Workbooks(self._link)
        self.deliveries: Final = Deliveries(self._link)
        self.replays: Final = Replays(self._link)
        self.tokens: Final = Tokens(self._link)
        self.quarantine: Final = Quarantine(self._link)
        self.explanations: Final = Explanations(self._link)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of connections."""
        self._link.close()

    def publish(self, events: Json | Sequence[Json]) -> list[Json]:
        """Publish one event or several, and return what is known of each."""
        accepted: list[Json] = self._link.json("POST", "/v1/events", json=events)[
            "events"
        ]
        return accepted

    def call(self, event: Json, *, wait: float) -> Json:
        """Publish one event, and return the verdict of those who may refuse it.

        Args:
            event: As of `publish`.
            wait: So many seconds at most, up to 60.
        """
        verdict: Json = self._link.json(
            "POST",
            "/v1/events",
            json=event,
            params={"wait": wait},
            timeout=wait + DEFAULT_TIMEOUT_SECONDS,
        )["verdict"]
        return verdict

    def get_event(self, event_id: str) -> Json:
        """Return an event that was taken in, as a CloudEvent and what is known of it."""
        return self._link.json("GET", f"/v1/events/{quote(event_id, safe='/')}")

    def watch(self, bindings: Iterable[str] = ("#",)) -> Iterator[Json]:
        """Yield events, as CloudEvents, as they come in; ends when the bridge does.

        Watching has begun when this returns: no event is missed from then on.

        Args:
            bindings: Topic bindings; one of them must accept an event.
        """
        answer = self._link.send(
            "GET",
            "/v1/events/stream",
            params={"binding": list(bindings)},
            timeout=_STREAM_TIMEOUT_SECONDS,
            stream=True,
        )
        lines = answer.iter_lines(chunk_size=1)
        next(lines, None)
        return watched(answer, lines)

    def access(self) -> Json:
        """Return what this client may do: ``project`` and ``role``."""
        return self._link.json("GET", "/v1/access")

    def metrics(self) -> str:
        """Return the bridge's metrics in Prometheus' text format."""
        return self._link.send("GET", "/metrics").text

    def health(self) -> list[str]:
        """Return why the bridge does not do its work; empty: it does."""
        answer = self._link.ask("GET", "/readyz")
        try:
            reasons: list[str] = answer.json()["reasons"]
        except (ValueError, KeyError, TypeError) as err:
            raise refusal(answer) from err
        return reasons

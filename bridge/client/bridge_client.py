# SPDX-License-Identifier: Apache-2.0
"""The bridge's REST API as a Python object; blocking, safe to share between threads.

Bodies go in and come out as in JSON; docs/reference/api.md tells their members.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Self
from urllib.parse import quote

import requests

from bridge.client.link import (
    DEFAULT_TIMEOUT_SECONDS,
    DEFAULT_URL,
    Json,
    Link,
    refusal,
    watched,
)

# The API writes a comment every 15 s; a stream silent for longer is dead.
_STREAM_TIMEOUT_SECONDS: Final = 60.0
# Longer than the longest time that a callback may take.
_TEST_TIMEOUT_SECONDS: Final = 90.0
_PAGE: Final = 100


class BridgeClient:
    """Talks to one bridge.

    Args:
        url: Where it listens.
        timeout: Seconds to wait for each answer; `test_listener` waits as long as the
            listener's callback may take.
        token: Of `notifier-bridge token-create`, where the bridge wants one.
        session: Sends the requests, with headers and certificates of its own; closed
            with the client. None: a new one.

    Raises:
        ClientError: From every method, when the bridge answers no.
        NoAnswer: From every method, when it does not answer.

    Example::

        hook = {"url": "http://127.0.0.1:9000/hook"}
        with BridgeClient() as bridge:
            added = bridge.add_listener({"events": ["TASK"], "callback": hook})
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of connections."""
        self._link.close()

    def add_listener(self, listener: Json) -> Json:
        """Register a listener; the answer alone holds its ``secret``."""
        return self._link.json("POST", "/v1/listeners", json=listener)

    def find_listeners(
        self, *, limit: int | None = None, **wanted: str | bool | None
    ) -> Iterator[Json]:
        """Yield listeners, the oldest first; asks for page after page.

        Args:
            limit: At most so many; None: all.
            **wanted: ``project``, ``name``, ``workbook``, ``execution_id``,
                ``enabled``; None is not looked at.
        """
        return self._pages("listeners", wanted, limit)

    def get_listener(self, listener_id: str) -> Json:
        """Return one listener."""
        return self._link.json("GET", _listener(listener_id))

    def replace_listener(
        self, listener_id: str, listener: Json, *, revision: int | None = None
    ) -> Json:
        """Replace a listener.

        Args:
            listener_id: Which.
            listener: As it shall be.
            revision: Refuse (412) if it has another by now; None: replace whatever.
        """
        path = _listener(listener_id)
        return self._link.json("PUT", path, json=listener, headers=_if_match(revision))

    def patch_listener(
        self, listener_id: str, patch: Json, *, revision: int | None = None
    ) -> Json:
        """Change a listener by a merge patch: what is None goes to its default.

        Args:
            listener_id: Which.
            patch: The members to change.
            revision: Refuse (412) if it has another by now; None: change whatever.
        """
        path = _listener(listener_id)
        return self._link.json("PATCH", path, json=patch, headers=_if_match(revision))

    def remove_listener(self, listener_id: str) -> None:
        """Remove a listener; what waits for it ends as cancelled."""
        self._link.send("DELETE", _listener(listener_id))

    def test_listener(self, listener_id: str) -> Json:
        """Send it a ping event and return the outcome."""
        path = f"{_listener(listener_id)}/test"
        return self._link.json("POST", path, timeout=_TEST_TIMEOUT_SECONDS)

    def apply_workbook(
        self,
        workbook: Json | str,
        *,
        variables: Mapping[str, str] | None = None,
        dry_run: bool = False,
        revision: int | None = None,
        **wanted: str | None,
    ) -> Json:
        """Let a workbook's callbacks be as it says, and return what that changed.

        Args:
            workbook: As YAML, or as an object.
            variables: Name to what fills ``{$.name}``.
            dry_run: Only tell what it would do.
            revision: Refuse (412) if it has another by now; None: whatever it is.
            **wanted: ``project``; ``name``, of a workbook that says none.
        """
        filled = {} if variables is None else dict(variables)
        return self._link.json(
            "POST",
            "/v1/workbooks",
            json={"workbook": workbook, "vars": filled},
            params={**wanted, "dry_run": dry_run},
            headers=_if_match(revision),
        )

    def find_workbooks(
        self, *, limit: int | None = None, project: str | None = None
    ) -> Iterator[Json]:
        """Yield workbooks by project and name, of any project where it is None."""
        return self._pages("workbooks", {"project": project}, limit)

    def get_workbook(self, name: str, *, project: str | None = None) -> Json:
        """Return what is in force of a workbook."""
        params = {"project": project}
        return self._link.json("GET", _workbook(name), params=params)

    def show_workbook(self, name: str, *, project: str | None = None) -> str:
        """Return what is in force of a workbook as YAML."""
        headers, params = {"Accept": "application/yaml"}, {"project": project}
        answer = self._link.send("GET", _workbook(name), params=params, headers=headers)
        return answer.content.decode()

    def remove_workbook(
        self, name: str, *, project: str | None = None, revision: int | None = None
    ) -> None:
        """Remove a workbook's callbacks; what waits for them ends as cancelled."""
        headers, params = _if_match(revision), {"project": project}
        self._link.send("DELETE", _workbook(name), params=params, headers=headers)

    def put_piece(self, name: str, place: str, piece: object, **asked: str) -> Json:
        """Put a piece of a workbook in place, and return what that changed.

        Args:
            name: The workbook's.
            place: ``services/Logger``, ``services/Logger/actions/success``,
                ``tasks/charge/on-exit`` or ``workflow/on-enter``, percent-encoded.
            piece: As it is written in a workbook.
            **asked: ``project``, ``workflow``, ``dry_run``.
        """
        path = f"{_workbook(name)}/{place}"
        return self._link.json("PUT", path, json=piece, params=asked)

    def remove_piece(self, name: str, place: str, **asked: str) -> Json:
        """Take a piece of a workbook away; see `put_piece`."""
        return self._link.json("DELETE", f"{_workbook(name)}/{place}", params=asked)

    def find_deliveries(
        self, *, limit: int | None = None, **wanted: str | None
    ) -> Iterator[Json]:
        """Yield deliveries, the latest first; asks for page after page.

        Args:
            limit: At most so many; None: all.
            **wanted: ``project``, ``listener``, ``event``, ``execution``, ``state``;
                None is not looked at.
        """
        return self._pages("deliveries", wanted, limit)

    def get_delivery(self, delivery_id: str) -> Json:
        """Return one delivery with its attempts."""
        return self._link.json("GET", _delivery(delivery_id))

    def retry_delivery(self, delivery_id: str) -> Json:
        """Let it be tried again now, and return it as it stands."""
        return self._link.json("POST", f"{_delivery(delivery_id)}/retry")

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

    def add_token(self, token: Json) -> Json:
        """Make a token for others; the answer alone holds its text, as ``token``."""
        return self._link.json("POST", "/v1/tokens", json=token)

    def find_tokens(
        self, *, limit: int | None = None, project: str | None = None
    ) -> Iterator[Json]:
        """Yield tokens without their texts, the oldest first."""
        return self._pages("tokens", {"project": project}, limit)

    def revoke_token(self, token_id: str) -> None:
        """Let a token open nothing any more, within five seconds."""
        self._link.send("DELETE", f"/v1/tokens/{quote(token_id, safe='')}")

    def access(self) -> Json:
        """Return what this client may do: ``project`` and ``role``."""
        return self._link.json("GET", "/v1/access")

    def health(self) -> list[str]:
        """Return why the bridge does not do its work; empty: it does."""
        answer = self._link.ask("GET", "/readyz")
        try:
            reasons: list[str] = answer.json()["reasons"]
        except (ValueError, KeyError, TypeError) as err:
            raise refusal(answer) from err
        return reasons

    def _pages(
        self, name: str, wanted: Mapping[str, str | bool | None], limit: int | None
    ) -> Iterator[Json]:
        after: str | None = None
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            params = {**wanted, "limit": size, "after": after}
            page = self._link.json("GET", f"/v1/{name}", params=params)
            yield from page[name]
            after = page["next"]
            if after is None:
                return
            left = None if left is None else left - size


def _listener(listener_id: str) -> str:
    return f"/v1/listeners/{quote(listener_id, safe='')}"


def _workbook(name: str) -> str:
    return f"/v1/workbooks/{quote(name, safe='')}"


def _delivery(delivery_id: str) -> str:
    return f"/v1/deliveries/{quote(delivery_id, safe='')}"


def _if_match(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}

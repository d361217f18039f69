# SPDX-License-Identifier: Apache-2.0
"""Messages from the bridge's event stream (server-sent events), without a broker."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import requests

from notifier.cli.faults import no_bridge
from notifier.cli.message import Message
from notifier.errors import InvalidEvent, Refused, Unreachable
from notifier.publishers.bearer import Bearer
from notifier.publishers.door import Answer
from notifier.wire import from_cloudevent, routing_key
from notifier.wire.body import decode_json

CONNECT_SECONDS: Final = 5
SILENT_SECONDS: Final = 45  # the bridge pings every 15 s

_QUIET: Final = ("watching", "ping")


def listen(
    url: str,
    bindings: Sequence[str],
    note: Callable[[str], None],
    *,
    token: str | None = None,
) -> Iterator[Message | None]:
    """Yield None once nothing more is missed, then each message as it comes.

    Args:
        url: Of the bridge.
        bindings: As on a topic exchange; one of them must accept an event.
        note: Told what the bridge remarks, such as dropped events.
        token: Shown to the bridge, where it wants one.

    Raises:
        Unreachable: No bridge answers, or the stream broke off.
        Refused: The bridge gives no stream.
    """
    try:
        with requests.get(
            f"{url}/v1/events/stream",
            params=[("binding", one) for one in bindings],
            headers={"Accept": "text/event-stream"},
            auth=None if token is None else Bearer(token),
            allow_redirects=False,
            stream=True,
            timeout=(CONNECT_SECONDS, SILENT_SECONDS),
        ) as response:
            if response.status_code != requests.codes.ok:
                raise Refused(_refusal(response))
            yield from _messages(response.iter_lines(chunk_size=None), note)
    except requests.RequestException as err:
        raise Unreachable(no_bridge(url)) from err
    raise Unreachable("the bridge ended the stream")


def _refusal(response: requests.Response) -> str:
    answer = Answer.read(response.status_code, response.content)
    return f"the bridge gives no stream: {response.status_code}, {answer.detail}"


def _messages(
    lines: Iterable[bytes], note: Callable[[str], None]
) -> Iterator[Message | None]:
    data: list[bytes] = []
    for place, line in enumerate(lines):
        if place == 0:  # the bridge speaks when it is watching
            yield None
        if line.startswith(b":"):
            remark = line[1:].decode("utf-8", "replace").strip()
            if remark not in _QUIET:
                note(remark)
        elif line.startswith(b"data:"):
            data.append(line.removeprefix(b"data:").removeprefix(b" "))
        elif not line and data:
            yield _message(b"\n".join(data))
            data = []


def _message(body: bytes) -> Message:
    try:
        event = from_cloudevent(decode_json(body))
        return Message(event, routing_key(event), body)
    except InvalidEvent as err:
        return Message(None, "-", body, str(err))

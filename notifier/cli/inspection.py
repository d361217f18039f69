# SPDX-License-Identifier: Apache-2.0
"""What can be found out about the bus without publishing anything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import amqp
import requests

from notifier.cli.broker import connected
from notifier.cli.faults import no_bridge
from notifier.errors import Refused, Unreachable
from notifier.event import DEFAULT_PROJECT
from notifier.publishers.bearer import Bearer
from notifier.settings import Settings, masked
from notifier.topology import ORDERED
from notifier.wire.routing_key import project_word

DOOR_SECONDS: Final = 5

_ACCESS_REFUSED: Final = 403
_NOT_FOUND: Final = 404
_PRECONDITION_FAILED: Final = 406


class Grade(StrEnum):
    """How good or bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out, and what to do about it."""

    grade: Grade
    text: str
    advice: str = ""


def of_bridge(url: str, token: str | None = None) -> list[Finding]:
    """Ask the bridge whether it is ready, and takes this token; blocks up to 10 s."""
    where = masked(url)
    try:
        answer = requests.get(f"{url}/readyz", timeout=DOOR_SECONDS)
    except requests.RequestException:
        text, _, advice = no_bridge(url).partition("; ")
        return [Finding(Grade.FAULT, text, advice)]
    if answer.status_code == requests.codes.ok:
        ready = Finding(Grade.OK, f"the bridge on {where} is ready")
        return [ready, *_access(url, token)]
    if answer.status_code == requests.codes.service_unavailable:
        text = f"the bridge on {where} is not ready: {_reasons(answer)}"
        return [Finding(Grade.FAULT, text, "see its log")]
    text = f"what answers on {where} is no bridge: {answer.status_code} for /readyz"
    return [Finding(Grade.FAULT, text, "correct [http] url, or set AMQP_URL")]


def _access(url: str, token: str | None) -> Iterator[Finding]:
    auth = None if token is None else Bearer(token)
    try:
        answer = requests.get(f"{url}/v1/access", auth=auth, timeout=DOOR_SECONDS)
        if answer.status_code == requests.codes.unauthorized:
            said = "wants a token" if token is None else "does not take this token"
            advice = "set NOTIFIER_BRIDGE_TOKEN to one of notifier-bridge token-create"
            yield Finding(Grade.FAULT, f"the bridge {said}", advice)
        elif answer.ok and answer.json()["role"] == "reader":
            advice = "make one by notifier-bridge token-create --role member"
            yield Finding(Grade.FAULT, "a reader's token publishes nothing", advice)
    except (requests.RequestException, ValueError, KeyError, TypeError) as err:
        name = type(err).__name__
        yield Finding(Grade.FAULT, f"the bridge does not say what it lets do: {name}")


def _reasons(answer: requests.Response) -> str:
    try:
        return "; ".join(answer.json()["reasons"])
    except (ValueError, TypeError, KeyError):
        return answer.text.strip()[:200]


def of_broker(settings: Settings) -> list[Finding]:
    """Ask the broker for all that publishing needs; blocks shortly."""
    bus = settings.bus
    key = f"execution.started.{project_word(settings.project or DEFAULT_PROJECT)}.-.-"
    try:
        with connected(bus) as connection:
            server = connection.connection.server_properties
            product = f"{server.get('product')} {server.get('version')}"
            findings = [
                Finding(Grade.OK, f"{product} answers on {masked(bus.url or '')}"),
                _permission(connection.channel(), bus.exchange, key),
            ]
            if bus.bridge_queue is not None:
                findings.append(_queue(connection.channel(), bus.bridge_queue))
                findings += _ordered(connection, f"{bus.bridge_queue}{ORDERED}")
            return findings
    except Unreachable as err:
        return [Finding(Grade.FAULT, str(err), "start the broker, or correct AMQP_URL")]
    except Refused as err:
        advice = "correct user, password and virtual host in AMQP_URL"
        return [Finding(Grade.FAULT, str(err), advice)]


def _permission(channel: Any, exchange: str, key: str) -> Finding:  # noqa: ANN401 - py-amqp has no types
    # RabbitMQ looks at the exchange, then at the permissions, then at the properties,
    # and only then at the queues: a message whose expiration is no number is refused,
    # and the reason tells whether a good one would have been taken.
    def ask() -> None:
        channel.confirm_select()
        message = amqp.Message(b"", expiration="check")
        channel.basic_publish(message, exchange=exchange, routing_key=key)
        channel.exchange_declare(exchange, "topic", passive=True)

    code, said = _asked(ask)
    if code == _NOT_FOUND:
        return Finding(
            Grade.WARNING,
            f"exchange {exchange} does not exist yet",
            "the first event declares it, if the user may",
        )
    if code == _ACCESS_REFUSED:
        return Finding(
            Grade.FAULT,
            f"events may not be published: {said}",
            f"give the user the write permission on {exchange}",
        )
    if code not in (None, _PRECONDITION_FAILED):
        return Finding(Grade.FAULT, f"exchange {exchange}: {said}")
    return Finding(Grade.OK, f"events may be published to {exchange}, with confirms")


def _queue(channel: Any, name: str) -> Finding:  # noqa: ANN401 - py-amqp has no types
    found: list[Any] = []
    code, said = _asked(lambda: found.append(channel.queue_declare(name, passive=True)))
    if code == _NOT_FOUND:
        return Finding(
            Grade.WARNING,
            f"queue {name} does not exist yet",
            "the first event declares it, if the user may",
        )
    if code is not None:
        return Finding(Grade.FAULT, f"queue {name}: {said}")
    waiting, consumers = found[0].message_count, found[0].consumer_count
    text = f"queue {name}: messages {waiting}, consumers {consumers}"
    if waiting and not consumers:
        return Finding(
            Grade.WARNING,
            f"{text}: nobody takes them",
            "start `notifier-bridge serve`; or, where there is no bridge, set [bus] "
            "bridge_queue = false and delete the queue",
        )
    return Finding(Grade.OK, text)


def _ordered(connection: Any, name: str) -> list[Finding]:  # noqa: ANN401 - py-amqp has no types
    """Look at the queue that exists once a listener wants order, if it does."""
    channel = connection.channel()
    code, _ = _asked(lambda: channel.queue_declare(name, passive=True))
    return [] if code is not None else [_queue(connection.channel(), name)]


def _asked(ask: Callable[[], object]) -> tuple[int | None, str]:
    """Return the reply code and text with which the broker refused, if it did."""
    try:
        ask()
    except amqp.ChannelError as err:
        return err.reply_code, err.reply_text
    return None, ""

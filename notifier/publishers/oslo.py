# SPDX-License-Identifier: Apache-2.0
"""Publishes as notifications, through whatever transport oslo.messaging is set up for.

One thread of each process sends, one event after the other: oslo.messaging bounds nothing
in time, and its connections do not outlive a fork. Safe to share between threads, and
after `os.fork`.
"""

import os
import queue
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, Self

from oslo_config import cfg

from notifier.errors import SettingsError, Unreachable
from notifier.event import Event
from notifier.wire import to_amqp, to_notification

try:
    import oslo_messaging
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[oslo]") from err

TOPIC: Final = "workflow_events"
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 1.0

_PRIORITY: Final = "info"
_ENVELOPED: Final = 2.0

# Else what is confirmed would be gone after a restart of the broker.
_DURABLE: Final = "amqp_durable_queues"


class OsloPublisher:
    """The `Publisher` for sites whose bus is oslo.messaging's alone.

    Events go to one topic, where a bridge reads them back; who binds the exchange
    ``workflow.events`` does not see them. Never raises `Unroutable`: oslo.messaging
    declares a queue for the topic. What was not confirmed in time may arrive after
    what came later.

    Args:
        url: ``rabbit://user:password@host:5672/vhost``. Default: as `conf` says.
        conf: Of a service. Default: nothing is set but that queues are durable.
        topic: Without its priority, which is ``info``.

    Raises:
        SettingsError: oslo.messaging has no such transport.

    Example::

        with OsloPublisher("rabbit://guest:guest@127.0.0.1/") as publisher:
            publisher.publish([event], timeout=timedelta(seconds=5))
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        conf: cfg.ConfigOpts | None = None,
        topic: str = TOPIC,
    ) -> None:
        self._conf = _nothing_set() if conf is None else conf
        self._topic = topic
        try:
            self._url = oslo_messaging.TransportURL.parse(self._conf, url)
            if conf is None:
                self._url.query.setdefault(_DURABLE, "true")
            self._transport().cleanup()
        except (oslo_messaging.MessagingException, ValueError):
            # Without its cause, which may show the password.
            raise SettingsError(
                "oslo.messaging knows no such transport; its URL must look like "
                "rabbit://user:password@host:5672/vhost"
            ) from None
        self._name = ", ".join(f"{h.hostname}:{h.port}" for h in self._url.hosts)
        self._couriers: dict[int, _Courier] = {}  # by process
        self._is_closed = False

    def publish(self, events: Sequence[Event], *, timeout: timedelta) -> None:
        """Return once the transport has taken every event (see `Publisher`)."""
        deadline = time.monotonic() + timeout.total_seconds()
        for event in events:
            to_amqp(event)  # what does not fit a message fits no bridge either
        parcel = _Parcel([to_notification(event) for event in events], deadline)
        if self._is_closed:
            raise Unreachable("the publisher is closed", parcel.ids)
        if events:
            self._courier().take(parcel)
            parcel.wait(self._name)

    def close(self) -> None:
        """Let go of the connections. Blocks shortly; may be called twice."""
        self._is_closed = True
        courier = self._couriers.pop(os.getpid(), None)
        if courier is not None:
            courier.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._topic} at {self._name}>"

    def _courier(self) -> "_Courier":
        """Return this process's courier. No lock: a child may inherit it locked."""
        process = os.getpid()
        courier = self._couriers.get(process)
        if courier is None:
            target = oslo_messaging.Target(topic=f"{self._topic}.{_PRIORITY}")
            made = _Courier(self._transport(), target)
            courier = self._couriers.setdefault(process, made)
            if courier is made:
                courier.begin()
            if self._is_closed:  # meanwhile
                courier.end()
        return courier

    def _transport(self) -> Any:  # noqa: ANN401 - oslo.messaging has no types
        return oslo_messaging.get_notification_transport(self._conf, self._url)


class _Parcel:
    """What one call publishes; its thread waits until all of it is gone."""

    def __init__(self, notifications: list[dict[str, Any]], deadline: float) -> None:
        self.deadline = deadline
        self.left = notifications
        self.trouble = "no answer in time"
        self._is_done = threading.Event()

    @property
    def ids(self) -> list[str]:
        return [one["message_id"] for one in self.left]

    def end(self) -> None:
        self._is_done.set()

    def wait(self, name: str) -> None:
        self._is_done.wait(max(self.deadline - time.monotonic(), 0))
        ids = self.ids
        if ids:
            raise Unreachable(f"{name}: {self.trouble}", ids)


class _Courier:
    """The thread that sends, for as long as its publisher is open."""

    def __init__(self, transport: Any, target: Any) -> None:  # noqa: ANN401 - as above
        self._transport = transport
        self._target = target
        self._waiting: queue.Queue[_Parcel | None] = queue.Queue()
        self._thread = threading.Thread(
            target=self._run, name="workflow-notifier", daemon=True
        )

    def begin(self) -> None:
        self._thread.start()

    def take(self, parcel: _Parcel) -> None:
        self._waiting.put(parcel)

    def end(self) -> None:
        self._waiting.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while (parcel := self._waiting.get()) is not None:
            pause = FIRST_PAUSE_SECONDS
            while parcel.left and time.monotonic() < parcel.deadline:
                try:
                    self._send(parcel.left[0])
                except Exception as err:  # noqa: BLE001 - whatever the transport raises
                    parcel.trouble = _reason(err)
                    time.sleep(min(pause, max(parcel.deadline - time.monotonic(), 0)))
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                else:
                    parcel.left.pop(0)
            parcel.end()
        self._transport.cleanup()

    def _send(self, notification: dict[str, Any]) -> None:
        # Not public, but what drivers of notifiers call: a notifier itself swallows
        # errors. It adds members of its own.
        self._transport._send_notification(  # noqa: SLF001
            self._target, {}, dict(notification), version=_ENVELOPED, retry=0
        )


def _nothing_set() -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    return conf


def _reason(err: Exception) -> str:
    return (str(err).strip().splitlines() or [type(err).__name__])[0]

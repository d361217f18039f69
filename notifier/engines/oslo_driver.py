# SPDX-License-Identifier: Apache-2.0
"""A notification driver of oslo.messaging: what a service emits goes on our exchange.

``[oslo_messaging_notifications] driver = workflow_events`` in the service's own file. A
service waits for its drivers, so it waits for the broker, at most ``timeout_seconds``;
what cannot be published is logged, and the service goes on.
"""

import atexit
import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from oslo_config import cfg

from notifier.connection import open_broker
from notifier.errors import InvalidEvent
from notifier.settings import Bus, of_host
from notifier.settings.host import no_broker, own_broker
from notifier.wire import from_notification

try:
    from oslo_serialization import jsonutils
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[oslo]") from err

if TYPE_CHECKING:
    from notifier.publishers.amqp import AmqpPublisher

_log = logging.getLogger(__name__)


class WorkflowEventsDriver:
    """The driver ``workflow_events``; oslo.messaging makes one for each notifier.

    Args:
        conf: The service's; ``[workflow_notifier]`` in its files says what to do.
            Without a URL there, the service's own broker is taken.
        topics: Of no concern: events have an exchange and routing keys of their own.
        transport: Likewise.

    Raises:
        SettingsError: Names the setting, and what would be right; oslo.messaging logs it
            and goes on without this driver.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        topics: Sequence[str],
        transport: Any,  # noqa: ANN401 - oslo.messaging has no types
    ) -> None:
        del topics, transport
        settings = of_host(conf, own=_own_broker(conf))
        self._publisher = _publisher(settings.bus)
        self._timeout = settings.bus.timeout
        self._project = settings.project

    def notify(
        self,
        ctxt: Any,  # noqa: ANN401 - whatever the service's serializer makes of it
        message: Mapping[str, Any],
        priority: str,
        retry: int | None,
    ) -> None:
        """Publish one notification; never raises.

        Args:
            ctxt: Of the request that it belongs to.
            message: The notification; holds its priority too.
            priority: ``INFO``, ``ERROR``, …
            retry: How often to try again for a connection: None or negative, as often
                as the time allows.
        """
        del priority
        tries = None if retry is None or retry < 0 else retry + 1
        try:
            plain = jsonutils.loads(jsonutils.dumps(message))
            try:
                self._publish(plain, _facts(ctxt), tries)
            except InvalidEvent as err:
                # Megabytes, NaN, half of an emoji: the payload's fault, mostly.
                self._publish(plain, _facts(ctxt), tries, omitted=err.reason)
        except Exception as err:  # noqa: BLE001 - the service goes on, whatever it was
            what = {
                "event_id": message.get("message_id"),
                "type": message.get("event_type"),
                "fault": f"{type(err).__name__}: {err}",
            }
            _log.exception("notification not published", extra=what)

    def _publish(
        self,
        message: Mapping[str, Any],
        facts: Mapping[str, Any],
        tries: int | None,
        *,
        omitted: str | None = None,
    ) -> None:
        event = from_notification(
            message, facts, project=self._project, omitted=omitted
        )
        self._publisher.publish([event], timeout=self._timeout, tries=tries)


@cache
def _publisher(bus: Bus) -> "AmqpPublisher":
    """Return the one publisher of this process: a service has many notifiers."""
    if bus.url is None:
        raise no_broker("the service's")
    publisher = open_broker(bus, bus.url)
    atexit.register(publisher.close)  # a driver is never told that its time is over
    return publisher


def _own_broker(conf: cfg.ConfigOpts) -> Bus | None:
    """Return where the service itself would send its notifications."""
    url = conf.oslo_messaging_notifications.transport_url
    return own_broker(conf, url or conf.transport_url)


def _facts(ctxt: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as in `notify`
    if isinstance(ctxt, Mapping):
        return ctxt
    facts: Mapping[str, Any] = ctxt.to_dict() if hasattr(ctxt, "to_dict") else {}
    return facts

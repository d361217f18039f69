# SPDX-License-Identifier: Apache-2.0
"""The publisher that Mistral finds under the name ``amqp``.

Mistral builds it without arguments, now and then twice at a time, and calls it from many
threads. It never blocks, and nothing it does hurts the engine.
"""

import logging
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from oslo_config import cfg

from notifier.connection import open_publisher
from notifier.engines.mistral.notice import Notice
from notifier.engines.mistral.settings import of_mistral
from notifier.engines.mistral.teller import Teller
from notifier.errors import NotifierError
from notifier.publishers.backlog import Backlog

_log = logging.getLogger(__name__)


class MistralPublisher:
    """Publishes what Mistral tells, by the settings in Mistral's configuration.

    Entries under ``notify`` need ``{"type": "amqp"}``, and may have Mistral's own
    ``event_types``. All else in them is ignored: whoever may start a workflow may write
    them, and must choose neither broker nor exchange nor project.
    """

    # By process: what a child inherits is not its own. No lock, which it may inherit
    # locked; a second one, made at the same time, has neither thread nor connection yet.
    _tellers: ClassVar[dict[int, Teller]] = {}

    def publish(
        self,
        ctx: object,  # noqa: ARG002 - as Mistral calls it; without sign-in it is empty
        ex_id: str,  # noqa: ARG002 - as Mistral calls it; the data has it too
        data: Mapping[str, Any],
        event: str | None,
        timestamp: datetime | str | None,
        **_: Any,  # noqa: ANN401 - whatever stands in the entry
    ) -> None:
        """Have one change told; see `Teller`. Logs what goes wrong."""
        try:
            self._teller().tell(Notice(data, event, timestamp))
        except NotifierError as err:
            _log.error("an event of Mistral's is lost: %s", err)
        except Exception:  # noqa: BLE001 - the engine's work goes on, whatever it was
            _log.exception("an event of Mistral's is lost")

    def _teller(self) -> Teller:
        process = os.getpid()
        teller = self._tellers.get(process)
        return teller or self._tellers.setdefault(process, _open())


def _open() -> Teller:
    settings = of_mistral(cfg.CONF)
    backlog = Backlog(
        open_publisher(settings.notifier),
        timeout=settings.notifier.bus.timeout,
        limit=settings.backlog,
    )
    return Teller(
        backlog,
        source=settings.notifier.source,
        project=settings.notifier.project,
        alone=settings.alone,
    )

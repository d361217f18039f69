# SPDX-License-Identifier: Apache-2.0
"""The callbacks that a bridge has, built from settings, and following them later on."""

import asyncio
from collections.abc import Mapping
from typing import Final

from bridge.callbacks.amqp import AmqpCallback, Sender
from bridge.callbacks.callback import Callback
from bridge.callbacks.direct.client import DirectCallback
from bridge.callbacks.guard import Guard
from bridge.callbacks.handshake import Handshake
from bridge.callbacks.http import HttpCallback
from bridge.callbacks.webhooks import Webhooks
from bridge.service.tracing import Tracing
from bridge.settings import CallbackSettings


class Callbacks:
    """Webhooks, and exchanges on the broker.

    Args:
        settings: Where callbacks may lead.
        sender: To exchanges; None without a broker.
        own_exchange: That events come from.
        tracing: Makes spans of attempts.

    Attributes:
        handshake: Asks receivers for their consent; None: nobody is asked.
        by_type: Each under the type that listeners name it by.
    """

    def __init__(
        self,
        settings: CallbackSettings,
        sender: Sender | None,
        own_exchange: str,
        tracing: Tracing,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.handshake = _handshake(settings)
        self._http = _webhooks(loop, settings)
        self._amqp = AmqpCallback(
            loop,
            sender,
            exchanges=frozenset(settings.amqp_exchanges),
            own_exchange=own_exchange,
        )
        self.by_type: Final[Mapping[str, Callback]] = tracing.callbacks(
            {"http": self._http, "amqp": self._amqp}
        )

    def follow(self, settings: CallbackSettings) -> None:
        """Lead where the settings allow it from now on."""
        guard = _guard(settings)
        self._http.obey(guard)
        if self.handshake is not None:
            self.handshake.obey(guard)
        self._amqp.allow(frozenset(settings.amqp_exchanges))


def _webhooks(loop: asyncio.AbstractEventLoop, settings: CallbackSettings) -> Webhooks:
    guard, ca_bundle = _guard(settings), settings.ca_bundle
    return Webhooks(
        DirectCallback(
            loop, guard, connections=settings.connections, ca_bundle=ca_bundle
        )
        if settings.client == "loop"
        else None,
        HttpCallback(loop, guard, threads=settings.threads, ca_bundle=ca_bundle),
    )


def _handshake(settings: CallbackSettings) -> Handshake | None:
    origin = settings.webhook_origin
    guard, ca_bundle = _guard(settings), settings.ca_bundle
    return None if origin is None else Handshake(origin, guard, ca_bundle)


def _guard(settings: CallbackSettings) -> Guard:
    return Guard(
        settings.allow_addresses,
        settings.allow_loopback,
        https_only=settings.https_only,
    )

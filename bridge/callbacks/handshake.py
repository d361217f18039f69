# SPDX-License-Identifier: Apache-2.0
"""Asks a receiver whether it wants what this bridge would send; blocking.

CloudEvents' protection against abuse (HTTP 1.1 Web Hooks for Event Delivery, §4)::

    OPTIONS /hook                       HTTP/1.1 200 OK
    WebHook-Request-Origin: us    →     WebHook-Allowed-Origin: us    or *
                                        WebHook-Allowed-Rate: 120     a minute, or *
"""

import re
import threading
import time
from functools import partial
from pathlib import Path
from typing import Final

from requests import PreparedRequest, RequestException, Response
from urllib3.exceptions import HTTPError

from bridge.callbacks.adapter import PinnedAdapter, read_answer
from bridge.callbacks.answer import MAX_READ_BYTES
from bridge.callbacks.connections import Flight
from bridge.callbacks.failures import explain
from bridge.callbacks.guard import FIELD, Guard
from bridge.callbacks.request import own_name
from bridge.callbacks.trust import trust
from bridge.errors import Invalid

SECONDS: Final = 10.0
"""So long a receiver may take to answer."""

_A_MINUTE: Final = 60
_RATE = re.compile(r"[1-9][0-9]{0,8}")


class Handshake:
    """Asks before a listener is kept; safe to share between threads.

    Args:
        origin: Name of this sender, as receivers know it.
        guard: Says which addresses may be reached.
        ca_bundle: PEM file of the authorities to trust. Default: those of certifi.
    """

    def __init__(
        self, origin: str, guard: Guard, ca_bundle: Path | None = None
    ) -> None:
        self._origin = origin
        self._adapter = PinnedAdapter(guard, partial(trust, ca_bundle), connections=1)

    def obey(self, guard: Guard) -> None:
        """Reach what another guard allows from now on, and nothing else; any thread."""
        self._adapter.obey(guard)

    def ask(self, url: str) -> float | None:
        """Return how many webhooks a second the receiver allows; None: any number.

        Nothing that signs in is sent along: it does not want it yet.

        Raises:
            Invalid: It does not consent, or could not be asked.
        """
        try:
            answer = self._sent(url)
        except (RequestException, HTTPError, OSError) as err:
            raise _refused(f"could not be asked: {explain(err)}") from err
        if not answer.ok:
            raise _refused(f"answered {answer.status_code} when it was asked")
        allowed = answer.headers.get("WebHook-Allowed-Origin", "").strip()
        if allowed not in {"*", self._origin}:
            raise _refused(
                f"must answer OPTIONS with WebHook-Allowed-Origin: {self._origin}"
            )
        return _rate(answer.headers.get("WebHook-Allowed-Rate", "*").strip())

    def _sent(self, url: str) -> Response:
        request = PreparedRequest()
        request.prepare(
            method="OPTIONS",
            url=url,
            headers={
                "WebHook-Request-Origin": self._origin,
                "User-Agent": own_name(),
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
        )
        flight = Flight(time.monotonic() + SECONDS)
        # A receiver that says a byte now and then would never be late.
        end = threading.Timer(SECONDS, flight.cut)
        end.daemon = True
        end.start()
        try:
            answer = self._adapter.fly(flight, request)
            read_answer(answer, MAX_READ_BYTES)
        finally:
            end.cancel()
        return answer


def _refused(reason: str) -> Invalid:
    return Invalid(FIELD, f"the receiver has not agreed to webhooks: it {reason}")


def _rate(text: str) -> float | None:
    if text == "*":
        return None
    if not _RATE.fullmatch(text):
        raise _refused("must answer with a WebHook-Allowed-Rate of 1 or more a minute")
    return int(text) / _A_MINUTE

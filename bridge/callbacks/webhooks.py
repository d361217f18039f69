# SPDX-License-Identifier: Apache-2.0
"""Tells listeners by webhook: each by the client that can do what the listener needs."""

from collections.abc import Callable

from bridge.callbacks.direct.client import DirectCallback
from bridge.callbacks.guard import Guard
from bridge.callbacks.http import HttpCallback
from bridge.model import Call, CallbackSpec, CertificateAuth, Outcome


class Webhooks:
    """The `Callback` named ``http``: a fast client, and a general one for the rest.

    Args:
        direct: On the event loop; None: all go by the general one.
        general: In threads; shows a listener's certificate.
    """

    def __init__(self, direct: DirectCallback | None, general: HttpCallback) -> None:
        self._direct = direct
        self._general = general

    def check(self, spec: CallbackSpec) -> None:
        """Refuse a URL, method, header or timeout that cannot be; see `Callback`."""
        self._general.check(spec)

    def obey(self, guard: Guard) -> None:
        """Reach what another guard allows from now on, and nothing else; any thread."""
        self._general.obey(guard)
        if self._direct is not None:
            self._direct.obey(guard)

    def submit(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Start one attempt; see `Callback`."""
        needs_general = isinstance(call.listener.callback.auth, CertificateAuth)
        if self._direct is None or needs_general:
            self._general.submit(call, done)
        else:
            self._direct.submit(call, done)

    def close(self) -> None:
        """End what is open; see `Callback`. Blocks for some seconds at most."""
        if self._direct is not None:
            self._direct.close()
        self._general.close()

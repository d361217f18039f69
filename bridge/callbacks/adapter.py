# SPDX-License-Identifier: Apache-2.0
"""requests' adapter on guarded connections: one request out, one answer back."""

import logging
import ssl
from collections.abc import Callable
from typing import Any, Final

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from bridge.callbacks.certificates import showing
from bridge.callbacks.connections import AnswerTooLong, Flight, Pools, Tower
from bridge.callbacks.guard import Guard

MAX_HOSTS: Final = 256

_PIECE_BYTES: Final = 8192


class PinnedAdapter(HTTPAdapter):
    """Sends requests over kept connections to addresses that a guard has checked.

    Used without requests' Session, which would add cookies, ``.netrc``, proxies of the
    environment, and follow redirects.

    Args:
        guard: Asked for each new connection.
        new_tls: Makes what connections trust by.
        connections: Kept for one host and certificate at most.
    """

    def __init__(
        self, guard: Guard, new_tls: Callable[[], ssl.SSLContext], connections: int
    ) -> None:
        for name in ("urllib3.connection", "urllib3.connectionpool"):
            # Their warnings quote whole URLs, and a query may hold a secret.
            logging.getLogger(name).setLevel(logging.ERROR)
        self._tower = Tower(guard)
        self._tls = new_tls()
        self._tls_showing = showing(new_tls)
        super().__init__(pool_connections=MAX_HOSTS, pool_maxsize=connections)

    def obey(self, guard: Guard) -> None:
        """Ask another guard from now on; what the last one let through is not kept."""
        self._tower.guard = guard

    def fly(self, flight: Flight, request: PreparedRequest) -> Response:
        """Send a request within a flight and return the answer, its body unread.

        Raises:
            Invalid: The guard refuses an address.
            requests.RequestException: No answer.
        """
        self._tower.local.flight = flight
        flight.is_fresh = False
        return self.send(request, stream=True, timeout=flight.remaining)

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' own
        """Tell connections apart by the certificate they show; requests calls it."""
        host, tls = super().build_connection_pool_key_attributes(*args, **kwargs)
        certificate = self._tower.flight.certificate
        if certificate is not None:
            tls["ssl_context"] = self._tls_showing(certificate)
        return host, tls

    def cert_verify(self, *_: object) -> None:
        """Leave trust to the context; requests would load its own into it."""

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 - requests' own signature
        **_: object,
    ) -> None:
        """Make pools whose connections know the guard and the flights."""
        self.poolmanager = Pools(
            self._tower,
            connections,
            maxsize=maxsize,
            block=block,
            ssl_context=self._tls,
        )

    def close(self) -> None:
        """Close what is kept now, and what is in use when it comes back."""
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 - it refuses to be iterated
            pools[key].close()
        super().close()


def read_answer(response: Response, limit: int) -> bytes:
    """Return an answer's body as it came; beyond `limit` bytes it is hung up on.

    Raises:
        urllib3.exceptions.HTTPError: It broke off, or is not HTTP.
    """
    body = bytearray()
    try:
        while len(body) <= limit:
            piece = response.raw.read(_PIECE_BYTES, decode_content=False)
            if not piece:
                return bytes(body)
            body += piece
    except HTTPError as err:
        if not any(isinstance(one, AnswerTooLong) for one in err.args):
            raise
    response.raw.close()
    return bytes(body[:limit])

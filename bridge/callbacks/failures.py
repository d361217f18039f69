# SPDX-License-Identifier: Apache-2.0
"""What went wrong where no answer came, in one line that a person understands.

The words are ours or the TLS library's; nothing of the URL's query, of headers or of
what the receiver sent gets into them.
"""

import http.client
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Final

from urllib3.exceptions import InvalidChunkLength
from urllib3.exceptions import TimeoutError as PoolTimeoutError

from bridge.callbacks.connections import AnswerTooLong

# The first that fits, so the narrower ones stand before the wider.
_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (AnswerTooLong, "the answer's headers are too long"),
    (http.client.LineTooLong, "the answer's headers are too long"),
    (socket.gaierror, "the host name could not be looked up"),
    (http.client.RemoteDisconnected, "the connection was closed without an answer"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "the connection was reset"),
    (http.client.IncompleteRead, "the answer broke off"),
    (InvalidChunkLength, "the answer is not valid HTTP"),
    (http.client.HTTPException, "the answer is not valid HTTP"),
)


def explain(error: BaseException) -> str:
    """Return in words why there is no answer."""
    for one in reversed(list(_chain(error))):
        words = _words(one)
        if words is not None:
            return words
    return f"the request failed ({type(error).__name__})"


def is_timeout(error: BaseException) -> bool:
    """Tell whether an error says that time was up."""
    return any(
        isinstance(one, TimeoutError | PoolTimeoutError) for one in _chain(error)
    )


def is_hang_up(error: BaseException) -> bool:
    """Tell whether the other side ended the connection, for whatever reason."""
    return isinstance(list(_chain(error))[-1], ConnectionError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what it wraps, what that wraps, and so on."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        # requests and urllib3 hold what they wrap in one of three places.
        places = (getattr(inner, "reason", None), *inner.args, inner.__cause__)
        inner = next((one for one in places if isinstance(one, BaseException)), None)


def _words(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        # An error that Python code made has none of what OpenSSL's have.
        message = getattr(error, "verify_message", "the certificate is not valid")
        return f"TLS: {message.rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or "the handshake failed"
        return f"TLS: {reason.replace('_', ' ').lower()}"
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    return None

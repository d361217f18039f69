# SPDX-License-Identifier: Apache-2.0
"""The words for what went wrong, where a test over sockets cannot provoke it."""

import errno
import socket
import ssl

import pytest
import requests
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from bridge.callbacks.failures import explain, is_hang_up, is_timeout


def wrapped(error):
    """Return an error as requests and urllib3 hand it on."""
    return requests.ConnectionError(ProtocolError("Connection aborted.", error))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EHOSTUNREACH, "x"), "no route to host"),
        (OSError(errno.ENETUNREACH, "x"), "network is unreachable"),
        (OSError(errno.EMFILE, "x"), "too many open files"),
        (BrokenPipeError(errno.EPIPE, "x"), "the connection was reset"),
        (
            socket.gaierror(socket.EAI_AGAIN, "x"),
            "the host name could not be looked up",
        ),
        (ssl.SSLError(1, "x"), "TLS: the handshake failed"),
        (ssl.SSLCertVerificationError("x"), "TLS: the certificate is not valid"),
    ],
)
def test_the_innermost_error_is_told(error, words):
    assert explain(error) == words
    assert explain(wrapped(error)) == words


def test_an_error_without_words_is_named_and_not_quoted():
    error = requests.exceptions.InvalidURL("http://a/?token=s3cr3t")

    assert explain(error) == "the request failed (InvalidURL)"


@pytest.mark.parametrize("inner", [TimeoutError(), ReadTimeoutError(None, "/", "x")])
def test_a_timeout_is_known_in_any_wrapping(inner):
    assert is_timeout(inner)
    assert is_timeout(wrapped(inner))
    assert not is_timeout(wrapped(ConnectionResetError()))


def test_only_the_other_side_hangs_up():
    assert is_hang_up(wrapped(ConnectionResetError()))
    assert not is_hang_up(wrapped(TimeoutError()))
    assert not is_hang_up(wrapped(ssl.SSLError()))

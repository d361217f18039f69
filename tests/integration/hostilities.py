# SPDX-License-Identifier: Apache-2.0
"""All that receivers may do wrong, each under a name; see `tests.integration.hostile`."""

import gzip

from tests.integration.hostile import (
    OK,
    answers,
    closes_when_used_again,
    deaf,
    drips,
    endlessly,
    once,
    resets,
    silent,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PIECE = b"x" * 65536

_BOMB = gzip.compress(bytes(100_000_000))


def _answer(body, status=b"200 OK", headers=b""):
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (
        status,
        headers,
        len(body),
        body,
    )


def early(peer):
    """Answer before the body was read, and read on."""
    peer.receive()
    peer.send(_answer(b"no", b"413 Large"))
    while True:
        peer.receive()


def late(peer):
    """Answer after half a minute."""
    peer.request()
    peer.pause(30)
    peer.send(OK)


def echoes(peer):
    """Refuse, and send back what came."""
    while True:
        _, headers, body = peer.request()
        said = "".join(f"{name}: {value}\n" for name, value in headers).encode()
        peer.send(_answer(said + body, b"500 No"))


def no_tls(peer):
    """Answer in plain text to whatever comes."""
    peer.receive()
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


SLOW = {
    "never answers": silent,
    "never reads": deaf,
    "answers late": late,
    "head drips": drips(b"", HEAD + b"X: " + b"x" * 999),
    "body drips": drips(HEAD + b"Content-Length: 1000\r\n\r\n"),
    "chunks drip": drips(CHUNKED, b"1\r\nx\r\n" * 200),
    "interim answers drip": drips(b"", CONTINUE * 50),
}
"""None of these gives a whole answer in time."""

BROKEN = {
    "headers without end": endlessly(HEAD, b"X-1: y\r\n" * 99),
    "one huge header": once(HEAD + b"X: " + b"y" * 2**20 + b"\r\n\r\n"),
    "interim answers without end": endlessly(b"", CONTINUE),
    "body is too short": once(HEAD + b"Content-Length: 1000\r\n\r\nonly this"),
    "reset within": resets(HEAD + b"Content-Length: 1000\r\n\r\npartial"),
    "reset at once": resets(),
    "closed without an answer": once(b""),
    "HTTP/0.9": once(b"just a body\n"),
    "garbage": once(b"\x80\x00\xff" * 1000),
    "broken chunk": once(CHUNKED + b"5\r\nhello\r\nZZZ\r\n"),
    "another protocol": once(
        b"HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    ),
    "answers before it reads": early,
    "redirects to itself": answers(
        _answer(b"", b"307 Moved", b"Location: /hook\r\n"),
    ),
    "scripts": answers(
        _answer(
            b"<script>alert(1)</script>{{7*7}}", b"500 <script>", b"X: <script>\r\n"
        )
    ),
    "no text": answers(_answer(bytes(range(256)) * 8, b"500 No")),
    "echoes": echoes,
    "status without a meaning": answers(_answer(b"", b"999 What")),
}
"""None of these says that it has taken the event."""

ODD = {
    "body without end": endlessly(HEAD + b"\r\n", PIECE),
    "chunks without end": endlessly(CHUNKED, b"10000\r\n" + PIECE + b"\r\n"),
    "gzip bomb": answers(_answer(_BOMB, headers=b"Content-Encoding: gzip\r\n")),
    "gzip bomb in gzip": answers(
        _answer(gzip.compress(_BOMB), headers=b"Content-Encoding: gzip, gzip\r\n")
    ),
    "body is too long": answers(OK + b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    "HTTP/1.0": once(b"HTTP/1.0 200 OK\r\n\r\nold style"),
    "interim answers first": answers(CONTINUE * 10 + OK),
    "hints first": answers(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK),
    "closes when used again": closes_when_used_again,
    "control characters": once(b"HTTP/1.1 200 O\x1bK\r\nX: \x0b\x7f\r\n\r\nodd"),
}
"""These say so, in their way."""

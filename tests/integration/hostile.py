# SPDX-License-Identifier: Apache-2.0
"""Receivers that misbehave, byte by byte, on real sockets."""

import socket
import struct
import threading
from contextlib import suppress

PATIENCE_SECONDS = 10
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gone(Exception):
    """The other side has ended the connection, or the test is over."""


class Peer:
    """One connection, as a behaviour sees it."""

    def __init__(self, connection, server):
        self._connection = connection
        self._server = server

    def request(self):
        """Read one request; return its head and its body."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        length = int({k.lower(): v for k, v in headers}["content-length"])
        while len(body) < length:
            body += self.receive()
        self._server.requests.append((lines[0], headers, body))
        return lines[0], headers, body

    def receive(self):
        piece = self._connection.recv(65536)
        if not piece:
            raise Gone
        return piece

    def send(self, data):
        self._connection.sendall(data)

    def pause(self, seconds=PATIENCE_SECONDS):
        """Do nothing for a while, but no longer than the test lasts."""
        if self._server.ended.wait(seconds):
            raise Gone

    def reset(self):
        """End the connection with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()
        raise Gone


class Hostile:
    """A server whose behaviour is a function of each connection.

    Attributes:
        connections: How many were accepted.
        requests: Request line, headers and body of each.
        left: Set once a connection has ended, by whom ever.
    """

    def __init__(self, behaviour, tls=None, host="127.0.0.1"):
        self.connections = 0
        self.requests = []
        self.ended = threading.Event()
        self.left = threading.Event()
        self.sni = []
        self._behaviour = behaviour
        self._tls = tls
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.sni.append(name)
        self._listener = socket.create_server((host, 0), backlog=64)
        self._threads = []
        self._open = []

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    @property
    def port(self):
        return self._listener.getsockname()[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection):
        self._open.append(connection)
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            self._behaviour(Peer(connection, self))
        except (Gone, OSError):  # ssl's errors are among them
            pass
        finally:
            connection.close()
            self.left.set()


def answers(*answers):
    """Answer each request of a connection so, the last one again and again."""

    def behaviour(peer):
        for answer in answers:
            peer.request()
            peer.send(answer)
        while True:
            peer.request()
            peer.send(answers[-1])

    return behaviour


def once(answer):
    """Answer one request so, then end the connection."""

    def behaviour(peer):
        peer.request()
        peer.send(answer)

    return behaviour


def drips(head, tail=b"x" * 1000):
    """Send the head at once, then a byte every 50 ms."""

    def behaviour(peer):
        peer.request()
        peer.send(head)
        for place in range(len(tail)):
            peer.send(tail[place : place + 1])
            peer.pause(0.05)

    return behaviour


def endlessly(head, piece):
    """Send the head, then the piece again and again."""

    def behaviour(peer):
        peer.request()
        peer.send(head)
        while True:
            peer.send(piece)

    return behaviour


def silent(peer):
    """Read, and never answer."""
    peer.request()
    while True:
        peer.receive()


def deaf(peer):
    """Never read."""
    peer.pause()


def resets(head=b""):
    """Read, send so much, and reset the connection."""

    def behaviour(peer):
        peer.request()
        if head:
            peer.send(head)
            peer.pause(0.05)
        peer.reset()

    return behaviour


def closes_when_used_again(peer):
    """Answer once, keep the connection, and end it at the next request."""
    peer.request()
    peer.send(OK)
    peer.receive()

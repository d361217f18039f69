# SPDX-License-Identifier: Apache-2.0
"""Decides where a webhook may go: the rules for URLs and for addresses.

A URL is checked when a listener is added; its addresses then and again for each new
connection, which dials exactly what was checked. A refusal never depends on what
answers there: it cannot be used to look for open ports.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from bridge.callbacks.addresses import (
    LOOPBACK,
    Address,
    Network,
    is_allowed,
    kind_of,
    network_to_allow,
)
from bridge.errors import Invalid

FIELD: Final = "callback.url"
MAX_URL_CHARS: Final = 2048
PORTS: Final = {"http": 80, "https": 443}

SocketAddress = tuple[Any, ...]
"""What `socket.connect` takes: address, port, and for IPv6 two numbers more."""

Lookup = Callable[..., Sequence[tuple[Any, Any, Any, Any, SocketAddress]]]

# RFC 3986 §2. No backslash, quote or space: parsers disagree about those.
_NOT_IN_URL = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]")
# Stricter than any parser, so that all of them read the same host.
_AUTHORITY = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]|(?P<host>[A-Za-z0-9._-]+))"
    r"(?::(?P<port>[0-9]{0,9}))?"
)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_MAX_HOST_CHARS: Final = 253
_MAX_PORT: Final = 65535
# A host that ends so is an IPv4 address to some parser (WHATWG URL §3.5).
_ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)$")


@dataclass(frozen=True, slots=True)
class Target:
    """The host and port that a URL leads to; IPv6 without brackets."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Guard:
    """Knows the addresses that an operator allows beside the internet's.

    Attributes:
        allowed: Networks that may be reached though they are not global.
        allow_loopback: So may 127.0.0.0/8 and ::1.
        https_only: Nothing is sent in clear text.
        lookup: Looks a name up as `socket.getaddrinfo` does.

    Example:
        >>> Guard().check_address(ip_address("10.0.3.7"))
        Traceback (most recent call last):
        bridge.errors.Invalid: callback.url: 10.0.3.7 is private; an operator can \
allow it: [callbacks] allow_addresses = 10.0.3.0/24
    """

    allowed: tuple[Network, ...] = ()
    allow_loopback: bool = False
    https_only: bool = False
    lookup: Lookup = field(default=socket.getaddrinfo, repr=False)

    def check_address(self, address: Address) -> None:
        """Refuse an address that is neither global nor allowed.

        Raises:
            Invalid: Says what it is and how an operator allows it.
        """
        kind = kind_of(address)
        if kind is None or (kind == LOOPBACK and self.allow_loopback):
            return
        if not is_allowed(address, self.allowed):
            raise Invalid(
                FIELD,
                f"{address} is {kind}; an operator can allow it: [callbacks] "
                f"allow_addresses = {network_to_allow(address)}",
            )

    def check_scheme(self, url: str) -> None:
        """Refuse clear text where an operator wants none.

        Raises:
            Invalid: It is an ``http://`` URL.
        """
        if self.https_only and not url.lower().startswith("https://"):
            raise Invalid(
                FIELD,
                "must start with https://; an operator set [callbacks] https_only",
            )

    def resolve(self, target: Target) -> tuple[SocketAddress, ...]:
        """Look a target up, once, and return the addresses to dial, checked.

        One refused address refuses them all. A name that has global and private
        addresses is a mistake or an attack; dialling only the global ones would let
        it pass or fail with the order and the luck of the day, and whoever sends
        such names could learn from that which of the others are there.

        Blocks for the look-up, which has no time limit of its own.

        Raises:
            Invalid: One of the addresses is refused.
            OSError: The look-up failed (`socket.gaierror`).
        """
        literal = address_in(target.host)
        host = target.host if literal is None else str(literal)
        found = self.lookup(host, target.port, type=socket.SOCK_STREAM)
        sockets = tuple(dict.fromkeys(entry[4] for entry in found))
        for one in sockets:
            self.check_address(ip_address(one[0]))
        return sockets


def target_of(url: str) -> Target:
    """Return where a URL leads, unless it breaks a rule.

    Raises:
        Invalid: Says which rule; does not quote the URL, whose query may be secret.
    """
    if len(url) > MAX_URL_CHARS:
        raise Invalid(FIELD, f"is {len(url)} characters long; at most {MAX_URL_CHARS}")
    odd = _NOT_IN_URL.search(url)
    if odd:
        raise Invalid(
            FIELD,
            f"holds {odd.group()!a}, which a URL may not; percent-encode it "
            "(a host name: in its xn-- form)",
        )
    if "#" in url:
        raise Invalid(FIELD, "must hold no fragment (#…); no server ever sees it")
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in PORTS:
        raise Invalid(FIELD, "must start with http:// or https://")
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise Invalid(FIELD, "must hold no user or password; use callback.auth")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise Invalid(FIELD, "has no host that could be read")
    host = (match["ipv6"] or match["host"]).lower()
    _check_host(host)
    return Target(host, _port(match["port"], scheme.lower()))


def address_in(host: str) -> Address | None:
    """Return the address that a host is, in whatever spelling; None for a name.

    IPv4 is read as C's ``inet_aton`` does: decimal, octal, hexadecimal, one to four
    parts, and with a full stop behind.

    Raises:
        Invalid: It looks like an address, but is none.
    """
    if ":" in host:
        return _ipv6(host)
    text = host.removesuffix(".")
    if not _ENDS_IN_NUMBER.search(text):
        return None
    try:
        return IPv4Address(socket.inet_aton(text))
    except OSError:
        raise Invalid(FIELD, "the host is neither a name nor an IP address") from None


def _port(text: str | None, scheme: str) -> int:
    if not text:
        return PORTS[scheme]
    port = int(text)
    if not 0 < port <= _MAX_PORT:
        raise Invalid(FIELD, f"port {port} is none; 1 to {_MAX_PORT} are")
    return port


def _check_host(host: str) -> None:
    if address_in(host) is not None:
        return
    labels = host.removesuffix(".").split(".")
    if len(host) > _MAX_HOST_CHARS or not all(map(_LABEL.fullmatch, labels)):
        raise Invalid(FIELD, "the host is neither a name nor an IP address")


def _ipv6(host: str) -> IPv6Address:
    try:
        return IPv6Address(host)
    except ValueError:
        raise Invalid(FIELD, "the host is no IPv6 address") from None

# SPDX-License-Identifier: Apache-2.0
"""Kinds of IP addresses that no webhook is sent to unless the operator says so.

`ipaddress.is_global` alone would not do: on Python 3.11 it calls NAT64, 6to4,
IPv4-compatible, multicast, site-local and some reserved addresses global.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: Final = "loopback"
PRIVATE: Final = "private"
CGNAT: Final = "shared by a carrier's customers (CGNAT)"
METADATA: Final = "a cloud's metadata service"

_METADATA_ADDRESSES: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, OpenStack, and most others
        "169.254.170.2",  # AWS ECS: credentials of a task
        "169.254.170.23",  # AWS EKS: credentials of a pod
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure, on an address that is public elsewhere
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
        "fd00:c1::a9fe:a9fe",  # Oracle
        "fd00:100::100:200",  # Alibaba
        "fd00:a9fe:a9fe::1",  # Akamai (Linode)
        "fe80::a9fe:a9fe",  # OpenStack
    )
)

# What a person would call it, and the registry entries of that kind (IANA's
# special-purpose registries of 2025). The first that holds an address names it.
_KINDS: Final = tuple(
    (kind, tuple(ip_network(text) for text in networks.split()))
    for kind, networks in (
        (LOOPBACK, "127.0.0.0/8 ::1/128"),
        (PRIVATE, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10"),
        ("link-local", "169.254.0.0/16 fe80::/10"),
        (CGNAT, "100.64.0.0/10"),
        ("unspecified", "0.0.0.0/8 ::/128"),
        ("multicast", "224.0.0.0/4 ff00::/8"),
        ("IPv4-mapped", "::ffff:0:0/96 ::ffff:0:0:0/96"),
        ("IPv4-compatible", "::/96"),
        ("NAT64", "64:ff9b::/96 64:ff9b:1::/48"),
        ("Teredo", "2001::/32"),
        ("6to4", "2002::/16 192.88.99.0/24"),
        (
            "for documentation",
            "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
        ),
        ("reserved", "192.0.0.0/24 198.18.0.0/15 240.0.0.0/4 2001::/23 5f00::/16"),
    )
)
_GLOBAL_UNICAST: Final = ip_network("2000::/3")


def kind_of(address: Address) -> str | None:
    """Return what keeps an address from being anyone's on the internet, if anything.

    Example:
        >>> kind_of(ip_address("10.0.3.7")), kind_of(ip_address("9.9.9.9"))
        ('private', None)
    """
    plain = _without_zone(address)
    if plain in _METADATA_ADDRESSES:
        return METADATA
    for kind, networks in _KINDS:
        if any(plain in network for network in networks):
            return kind
    if isinstance(plain, IPv6Address) and plain not in _GLOBAL_UNICAST:
        return "reserved"
    # Whatever a later Python knows better than the table above.
    return None if plain.is_global else "reserved"


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Tell whether an operator named an address.

    A metadata service hands out the machine's own credentials: it must be named
    by itself, a network around it is not enough.
    """
    plain = _without_zone(address)
    around = [network for network in networks if plain in network]
    if plain in _METADATA_ADDRESSES:
        return any(network.num_addresses == 1 for network in around)
    return bool(around)


def network_to_allow(address: Address) -> Network:
    """Return what an operator would most likely name to allow an address.

    Somebody's own network as a whole; of any other kind the address alone, since its
    neighbours may be of yet another kind (``::/64`` holds all of IPv4, mapped).
    """
    plain = _without_zone(address)
    if kind_of(plain) not in (PRIVATE, CGNAT):
        return ip_network(plain)
    prefix = 64 if isinstance(plain, IPv6Address) else 24
    return ip_network(f"{plain}/{prefix}", strict=False)


def _without_zone(address: Address) -> Address:
    # fe80::1%eth0 equals nothing in a set
    return IPv6Address(int(address)) if isinstance(address, IPv6Address) else address

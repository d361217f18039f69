# SPDX-License-Identifier: Apache-2.0
"""Every kind of address that webhooks stay away from, and every spelling of it."""

import re
import socket
from ipaddress import ip_address, ip_network

import pytest

from bridge.callbacks.guard import Guard, Target, address_in, target_of
from bridge.errors import Invalid

REFUSED = {
    "private": "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 "
    "fc00::1 fdff::1 fec0::1",
    "loopback": "127.0.0.1 127.255.255.255 ::1",
    "link-local": "169.254.0.1 169.254.169.253 fe80::1 febf::1 fe80::1%eth0",
    "shared by a carrier's customers (CGNAT)": "100.64.0.1 100.127.255.255",
    "unspecified": "0.0.0.0 0.1.2.3 ::",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "IPv4-mapped": "::ffff:10.0.0.1 ::ffff:9.9.9.9 ::ffff:127.0.0.1 ::ffff:0:9.9.9.9",
    "IPv4-compatible": "::9.9.9.9 ::127.0.0.1 ::2",
    "NAT64": "64:ff9b::7f00:1 64:ff9b::909:909 64:ff9b:1::1",
    "Teredo": "2001::1 2001:0:ffff::1",
    "6to4": "2002:7f00:1::1 2002:909:909::1 192.88.99.1",
    "for documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
    "reserved": "192.0.0.1 198.18.0.1 198.19.255.255 240.0.0.1 255.255.255.255 "
    "2001:2::1 2001:10::1 5f00::1 4000::1 8000::1 100::1 64:ff9b:2::1 e000::1",
    "a cloud's metadata service": "169.254.169.254 169.254.170.2 169.254.170.23 "
    "169.254.0.23 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 "
    "169.254.42.42 fd00:c1::a9fe:a9fe fd00:a9fe:a9fe::1 fd00:ec2::23 fd20:ce::254 "
    "fd00:100::100:200 "
    "fd00:42::42 fe80::a9fe:a9fe fe80::a9fe:a9fe%eth0",
}
GLOBAL = (
    "1.1.1.1 9.9.9.9 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 "
    "128.0.0.1 168.63.129.17 169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.1 "
    "192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255 "
    "2000::1 2003::1 2606:4700::1111 2a00::1 3ffe:ffff::1"
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [(text, kind) for kind, texts in REFUSED.items() for text in texts.split()],
)
def test_an_address_that_is_not_on_the_internet_is_refused(text, kind):
    with pytest.raises(Invalid) as caught:
        Guard().check_address(ip_address(text))

    assert caught.value.field == "callback.url"
    assert caught.value.reason.startswith(
        f"{ip_address(text)} is {kind}; an operator can allow it"
    )


@pytest.mark.parametrize("text", GLOBAL.split())
def test_an_address_on_the_internet_is_not(text):
    Guard().check_address(ip_address(text))


def test_the_refusal_tells_the_way():
    with pytest.raises(Invalid) as caught:
        Guard().check_address(ip_address("10.0.3.7"))

    assert str(caught.value) == (
        "callback.url: 10.0.3.7 is private; an operator can allow it: "
        "[callbacks] allow_addresses = 10.0.3.0/24"
    )


@pytest.mark.parametrize(
    "text", [text for texts in REFUSED.values() for text in texts.split()]
)
def test_the_way_that_a_refusal_tells_works(text):
    address = ip_address(text)
    with pytest.raises(Invalid) as caught:
        Guard().check_address(address)
    told = ip_network(caught.value.reason.rpartition(" = ")[2])

    Guard(allowed=(told,)).check_address(address)
    own = re.search(r"private|CGNAT", caught.value.reason)
    assert own or told.num_addresses == 1


def test_an_allowed_network_allows_nothing_beside_it():
    guard = Guard(allowed=(ip_network("10.0.3.0/24"),))

    guard.check_address(ip_address("10.0.3.7"))
    for text in ("10.0.4.1", "10.0.2.255", "::ffff:10.0.3.7", "127.0.0.1"):
        with pytest.raises(Invalid):
            guard.check_address(ip_address(text))


@pytest.mark.parametrize(
    ("text", "around"),
    [
        ("169.254.169.254", "169.254.0.0/16"),
        ("168.63.129.16", "0.0.0.0/0"),
        ("fd00:ec2::254", "fd00::/8"),
        ("fe80::a9fe:a9fe%eth0", "fe80::/10"),
    ],
)
def test_a_metadata_service_must_be_named_by_itself(text, around):
    with pytest.raises(Invalid, match="metadata"):
        Guard(allowed=(ip_network(around),)).check_address(ip_address(text))


def test_loopback_can_be_allowed_alone():
    guard = Guard(allow_loopback=True)

    for text in ("127.0.0.1", "127.8.8.8", "::1"):
        guard.check_address(ip_address(text))
    for text in ("10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.1"):
        with pytest.raises(Invalid):
            guard.check_address(ip_address(text))


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0177.0x0.0.01", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("1", "0.0.0.1"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_an_odd_spelling_is_the_address_that_it_means(host, meant):
    url = f"http://[{host}]/" if ":" in host else f"http://{host}/"

    assert address_in(target_of(url).host) == ip_address(meant)
    with pytest.raises(Invalid):
        Guard().resolve(target_of(url))


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("\u2460\u2461\u2466.0.0.\u2460", id="circled digits"),
        pytest.param("\uff11\uff12\uff17.0.0.1", id="full-width digits"),
        pytest.param("127\u30020\u30020\u30021", id="ideographic full stops"),
        pytest.param("\u0661\u0662\u0667.0.0.1", id="arabic digits"),
        pytest.param("%31%32%37.0.0.1", id="percent-encoded"),
        pytest.param("127.0.0.%31", id="partly percent-encoded"),
        pytest.param("127.0.0.1%00.example.com", id="percent-encoded NUL"),
        pytest.param("256.0.0.1", id="part too large"),
        pytest.param("127.0.0.0.1", id="five parts"),
        pytest.param("1.2.3.08", id="no octal"),
        pytest.param("4294967296", id="number too large"),
        pytest.param("example.0x7f", id="ends in a number"),
        pytest.param("127.0.0.1..", id="two full stops behind"),
        pytest.param("[::1%25lo]", id="zone"),
        pytest.param("[fe80::1%eth0]", id="zone, not encoded"),
        pytest.param("[127.0.0.1]", id="IPv4 in brackets"),
        pytest.param("[v1.x]", id="IPvFuture"),
        pytest.param("[::1", id="half a bracket"),
        pytest.param("::1", id="no brackets"),
        pytest.param("[:::1]", id="too many colons"),
        pytest.param("a[::1]", id="before the bracket"),
        pytest.param("[::1]a", id="after the bracket"),
    ],
)
def test_a_spelling_that_parsers_could_read_differently_is_refused(host):
    with pytest.raises(Invalid):
        target_of(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://example.com", Target("example.com", 80)),
        ("https://example.com/", Target("example.com", 443)),
        ("HTTPS://EXAMPLE.com:8443/a/b?c=d%20e", Target("example.com", 8443)),
        ("http://example.com:/x", Target("example.com", 80)),
        ("http://example.com.:81", Target("example.com.", 81)),
        ("http://my_service:9000/hook", Target("my_service", 9000)),
        ("http://xn--mller-kva.example/", Target("xn--mller-kva.example", 80)),
        ("http://[2606:4700::1111]:1/", Target("2606:4700::1111", 1)),
        ("http://example.com:65535?x=@y", Target("example.com", 65535)),
        ("http://9.9.9.9/" + "x" * 2033, Target("9.9.9.9", 80)),
    ],
)
def test_a_good_url_leads_somewhere(url, target):
    assert target_of(url) == target


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must start with http:// or https://"),
        ("example.com/hook", "must start with http:// or https://"),
        ("ftp://example.com/", "must start with http:// or https://"),
        ("file:///etc/passwd", "must start with http:// or https://"),
        ("http:/example.com", "must start with http:// or https://"),
        ("//example.com", "must start with http:// or https://"),
        ("http://", "has no host"),
        ("http:///hook", "has no host"),
        ("http://:80/", "has no host"),
        ("http://?x", "has no host"),
        ("http://user@example.com/", "must hold no user or password"),
        ("http://user:pass@example.com/", "must hold no user or password"),
        ("http://example.com#@9.9.9.9/", "must hold no fragment"),
        ("http://example.com/#", "must hold no fragment"),
        ("http://example.com:0/", "port 0 is none"),
        ("http://example.com:65536/", "port 65536 is none"),
        ("http://example.com:99999999999/", "has no host that could be read"),
        ("http://example.com:-1/", "has no host that could be read"),
        ("http://example.com:80:80/", "has no host that could be read"),
        ("http://a..b/", "neither a name nor an IP address"),
        ("http://.a/", "neither a name nor an IP address"),
        ("http://./", "neither a name nor an IP address"),
        (f"http://{'a' * 64}.b/", "neither a name nor an IP address"),
        (f"http://{'a.' * 127}/", "neither a name nor an IP address"),
        ("http://example.com/" + "x" * 2030, "2049 characters long; at most 2048"),
    ],
)
def test_a_bad_url_is_refused_with_the_reason(url, reason):
    with pytest.raises(Invalid) as caught:
        target_of(url)

    assert caught.value.field == "callback.url"
    assert reason in caught.value.reason


@pytest.mark.parametrize("odd", [*' \t\n\r\0\x0b\x1f\x7f\\<>"^`{|}', "ä", "\u2028"])
def test_a_character_that_no_url_has_is_refused_anywhere(odd):
    for url in (
        f"http://a{odd}b/",
        f"http://ab/{odd}",
        f"{odd}http://ab/",
        f"http://ab/{odd}",
    ):
        with pytest.raises(Invalid, match="which a URL may not"):
            target_of(url)


def looks_up(*addresses):
    def lookup(_host, port, **_):
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port))
            for one in addresses
        ]

    return lookup


def test_a_name_leads_to_its_addresses_in_order_and_each_once():
    guard = Guard(lookup=looks_up("9.9.9.9", "2606:4700::1", "9.9.9.9"))

    assert guard.resolve(Target("example.com", 80)) == (
        ("9.9.9.9", 80),
        ("2606:4700::1", 80),
    )


@pytest.mark.parametrize("refused", ["10.0.0.1", "::1", "169.254.169.254"])
def test_one_refused_address_refuses_the_name(refused):
    for addresses in (("9.9.9.9", refused), (refused, "9.9.9.9")):
        with pytest.raises(Invalid, match=f"{refused} is "):
            Guard(lookup=looks_up(*addresses)).resolve(Target("example.com", 80))


def test_the_system_knows_localhost():
    with pytest.raises(Invalid, match="is loopback"):
        Guard().resolve(Target("localhost", 80))


def test_an_odd_spelling_is_dialled_as_the_address_that_was_checked():
    guard = Guard(allow_loopback=True)

    assert guard.resolve(Target("0x7f.1", 80)) == (("127.0.0.1", 80),)

"""Private addresses are recognised in every spelling and however deep in IPv6 they hide."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from studio.addresses import PrivateHosts, literal, why_not_public

PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "192.0.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450::8a",
]
PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.19.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fec0::1",
    "fd00:ec2::254",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "64:ff9b:1::1",
]
HIDDEN = [
    "::ffff:127.0.0.1",  # mapped
    "::ffff:10.0.0.1",
    "::127.0.0.1",  # compatible, long retired
    "::ffff:0:127.0.0.1",  # translated
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",  # 6to4
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",  # Teredo, its server
    "2001:0:101:101:0:0:80ff:fffe",  # Teredo, its client: 127.0.0.1 inverted
    "2606:4700::5efe:7f00:1",  # ISATAP
    "2606:4700::200:5efe:a00:1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert why_not_public(ip_address(address)) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_special_addresses_are_not_public(address: str) -> None:
    assert why_not_public(ip_address(address))


@pytest.mark.parametrize("address", HIDDEN)
def test_private_addresses_inside_ipv6_are_found(address: str) -> None:
    assert why_not_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::", "2001:0:101:101::"]
)
def test_public_addresses_inside_ipv6_stay_public(address: str) -> None:
    # the Teredo client of the last is 255.255.255.255, which is not
    assert (why_not_public(ip_address(address)) is None) == (address != "2001:0:101:101::")


@pytest.mark.parametrize(
    "spelling",
    ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "017700000001"],
)
def test_a_loopback_address_is_known_in_every_spelling(spelling: str) -> None:
    assert str(literal(spelling)) == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "address"), [("[::1]", "::1"), ("::ffff:7f00:1", "::ffff:7f00:1"), ("fe80::1%eth0", "fe80::1")]
)
def test_ipv6_literals_are_read(host: str, address: str) -> None:
    assert literal(host) == ip_address(address)


@pytest.mark.parametrize(
    "host", ["example.com", "1.example.com", "x.1", "1.2.3.4.5", "300.300.300.300", "0xzz", "a", "f"]
)
def test_names_are_no_addresses(host: str) -> None:
    assert literal(host) is None


def test_private_hosts_are_opened_by_name_port_address_and_network() -> None:
    opened = PrivateHosts.parse(
        ("ollama.internal", "Box:8080", "10.1.2.3:99", "192.168.7.0/24", "::1", "[fd00::2]:80")
    )
    assert opened.allow_name("OLLAMA.internal.", 1234)
    assert opened.allow_name("box", 8080)
    assert not opened.allow_name("box", 8081)
    assert not opened.allow_name("evil-ollama.internal", 80)
    for address, port, allowed in (
        ("10.1.2.3", 99, True),
        ("::ffff:10.1.2.3", 99, True),
        ("10.1.2.3", 98, False),
        ("192.168.7.9", 1, True),
        ("192.168.8.9", 1, False),
        ("::1", 5, True),
        ("fd00::2", 80, True),
        ("fd00::2", 81, False),
        ("64:ff9b::c0a8:709", 1, False),
    ):
        assert opened.allow_address(ip_address(address), port) is allowed, (address, port)


@pytest.mark.parametrize("entry", ["http://box", "10.0.0.0/99", "box:0", "box:99999", "1.2.3", "a b", "*"])
def test_an_entry_that_means_nothing_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="is no host, host:port, address or CIDR"):
        PrivateHosts.parse((entry,))

"""Which network addresses are public, and which private ones the operator lets requests reach.

Python 3.11's `ipaddress` calls NAT64 and 6to4 forms of private addresses global, and multicast too; so the
special-purpose registries of IANA are written out here, and IPv4 inside IPv6 is decoded and judged as well.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NOT_PUBLIC_V4 = {
    "0.0.0.0/8": "this machine",
    "10.0.0.0/8": "a private network",
    "100.64.0.0/10": "a carrier's shared network",
    "127.0.0.0/8": "this machine",
    "168.63.129.16/32": "a cloud provider's own services",
    "169.254.0.0/16": "link-local, where clouds keep their metadata",
    "172.16.0.0/12": "a private network",
    "192.0.0.0/24": "reserved for protocols",
    "192.0.2.0/24": "reserved for documentation",
    "192.88.99.0/24": "a retired relay",
    "192.168.0.0/16": "a private network",
    "198.18.0.0/15": "reserved for benchmarks",
    "198.51.100.0/24": "reserved for documentation",
    "203.0.113.0/24": "reserved for documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
NOT_PUBLIC_V6 = {
    "::/128": "this machine",
    "::1/128": "this machine",
    "fc00::/7": "a private network",
    "fe80::/10": "link-local",
    "fec0::/10": "a private network",
    "ff00::/8": "multicast",
    "2001:2::/48": "reserved for benchmarks",
    "2001:10::/28": "reserved",
    "2001:20::/28": "reserved",
    "2001:db8::/32": "reserved for documentation",
    "3fff::/20": "reserved for documentation",
}
TABLE: list[tuple[Network, str]] = [
    (ip_network(net), why) for net, why in (NOT_PUBLIC_V4 | NOT_PUBLIC_V6).items()
]
UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
SIX_TO_FOUR = IPv6Network("2002::/16")
TEREDO = IPv6Network("2001::/32")
ISATAP = re.compile(r"0[02]005efe$")


def plain(address: Address) -> Address:
    """An IPv4-mapped IPv6 address as the IPv4 address it connects to; any other as it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses a translator or tunnel would take out of this one (RFC 6052, 3056, 4380, 5214)."""
    number = int(address)
    found = []
    if address in NAT64:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    if address in SIX_TO_FOUR:
        found.append(IPv4Address(number >> 80 & 0xFFFFFFFF))
    if address in TEREDO:
        found += [IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(~number & 0xFFFFFFFF)]
    if ISATAP.match(f"{number >> 32 & 0xFFFFFFFF:08x}"):
        found.append(IPv4Address(number & 0xFFFFFFFF))
    return found


def why_not_public(address: Address) -> str | None:
    """What kind of place an address is that requests must not reach; None for a public one."""
    address = plain(address)
    for network, why in TABLE:
        if address.version == network.version and address in network:
            return why
    if isinstance(address, IPv6Address):
        inner = embedded(address)
        for within in inner:
            if inside := why_not_public(within):
                return f"{inside}, as {within} inside IPv6"
        if address not in UNICAST and not inner:
            return "not a public address"
    return None


def literal(host: str) -> Address | None:
    """The address a host is, in any spelling the system takes: `2130706433`, `0x7f.1`, `[::1]`; else None."""
    bare = host.strip("[]").partition("%")[0]
    try:
        return ip_address(bare)
    except ValueError:
        pass
    if re.fullmatch(r"[0-9a-fA-FxX.]+", bare) and bare[0].isdigit():
        try:
            return IPv4Address(socket.inet_aton(bare.rstrip(".")))
        except OSError:
            return None
    return None


@dataclass(frozen=True)
class PrivateHosts:
    """The private places that may be reached all the same: names and networks, each at one port or at any."""

    names: frozenset[tuple[str, int | None]]
    networks: tuple[tuple[Network, int | None], ...]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> PrivateHosts:
        """From `host`, `host:port`, `address`, `address:port` or CIDR. Raises ValueError with a sentence."""
        names: set[tuple[str, int | None]] = set()
        networks: list[tuple[Network, int | None]] = []
        for entry in entries:
            host, port = _split(entry.strip())
            try:
                networks.append((ip_network(host, strict=False), port))
            except ValueError:
                if not re.fullmatch(r"[\w.-]{1,253}", host) or re.fullmatch(r"[\d.]+", host):
                    raise ValueError(f"{entry!r} is no host, host:port, address or CIDR.") from None
                names.add((host.lower().rstrip("."), port))
        return cls(frozenset(names), tuple(networks))

    def allow_name(self, host: str, port: int | None) -> bool:
        name = host.lower().rstrip(".")
        return (name, None) in self.names or (name, port) in self.names

    def allow_address(self, address: Address, port: int | None) -> bool:
        address = plain(address)
        return any(
            address.version == network.version and address in network and at in (None, port)
            for network, at in self.networks
        )


def _split(entry: str) -> tuple[str, int | None]:
    """`[::1]:80` and `host:80` into host and port; an IPv6 address without brackets has no port."""
    if found := re.fullmatch(r"\[([^\]]+)\](?::(\d{1,5}))?", entry):
        return found[1], int(found[2]) if found[2] else None
    host, colon, port = entry.partition(":")
    if colon and ":" not in port and port.isdigit() and 0 < int(port) < 65536:
        return host, int(port)
    return entry, None

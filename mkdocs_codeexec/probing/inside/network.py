"""The network, which begins at the addresses of this machine: listeners wait there."""

from __future__ import annotations

import os
import socket

from .trying import Absent, Canaries, either, probe

AF_ALG, AF_VSOCK = 38, 40
NETLINK_GENERIC = 16
MSG_FASTOPEN = 0x20000000


def connects(family: int, kind: int, address: object) -> str:
    """Connect to what listens at `address`."""
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)  # type: ignore[arg-type]
    return "connected"


def opens(family: int, kind: int, protocol: int = 0) -> str:
    """Make a socket."""
    socket.socket(family, kind, protocol).close()
    return "a socket was made"


def _fast_open(canaries: Canaries) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.sendto(b"X", MSG_FASTOPEN, tuple(canaries["tcp"]))
    return "sent with the first packet"


@probe
def tcp(canaries: Canaries) -> str | None:
    address = tuple(canaries["tcp"])
    return either(canaries, lambda _: connects(socket.AF_INET, socket.SOCK_STREAM, address), _fast_open)


@probe
def ipv6(canaries: Canaries) -> str | None:
    if not canaries["ipv6"]:
        raise Absent("there is no IPv6")
    return connects(socket.AF_INET6, socket.SOCK_STREAM, tuple(canaries["ipv6"]))


@probe
def udp(canaries: Canaries) -> str | None:
    """Send a word; whether it arrives can only be seen outside."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(canaries["token"].encode(), tuple(canaries["udp"]))
    return None


@probe
def raw(canaries: Canaries) -> str | None:
    del canaries
    return opens(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@probe
def packets(canaries: Canaries) -> str | None:
    del canaries
    return opens(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))


@probe
def netlink(canaries: Canaries) -> str | None:
    def others(_: Canaries) -> str | None:
        seen = {name for _, name in socket.if_nameindex()} & set(canaries["interfaces"])
        return f"{min(seen)} was seen" if seen else None

    return either(canaries, lambda _: opens(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC), others)


@probe
def vsock(canaries: Canaries) -> str | None:
    del canaries
    return opens(AF_VSOCK, socket.SOCK_STREAM)


@probe
def crypto(canaries: Canaries) -> str | None:
    del canaries
    return opens(AF_ALG, socket.SOCK_SEQPACKET)


def _by_pair(canaries: Canaries) -> str:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.sendto(b"X", canaries["unix-datagrams"])
    return "sent by half of a pair"


@probe
def unix_path(canaries: Canaries) -> str | None:
    path = canaries["unix"]
    return either(canaries, lambda _: connects(socket.AF_UNIX, socket.SOCK_STREAM, path), _by_pair)


@probe
def unix_abstract(canaries: Canaries) -> str | None:
    return connects(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + canaries["abstract"])


@probe
def names(canaries: Canaries) -> str | None:
    """Ask the machine's name servers for those of the root (RFC 1035), and wait for an answer."""
    if not canaries["resolvers"]:
        raise Absent("there is no name server")
    question = os.urandom(2) + b"\x01\x00\x00\x01" + bytes(6) + b"\x00\x00\x02\x00\x01"
    family, address = canaries["resolvers"][0]
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.settimeout(1)
        one.connect((address, 53))
        one.send(question)
        return "a name server answered" if one.recv(512)[:2] == question[:2] else None

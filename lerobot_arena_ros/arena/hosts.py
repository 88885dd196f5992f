"""Hosts of URLs: what both libraries of the client take for one, and which are this machine."""

from __future__ import annotations

import ipaddress
import re

import httpx

__all__ = ['address_of', 'ascii_host', 'is_loopback']

_NAME = re.compile(r'[a-z0-9._-]+')


def ascii_host(host: str) -> str:
    """
    Return a host as it is sent: in lower case, an international name in ASCII.

    httpx follows IDNA 2008 and the others IDNA 2003, so a name is converted once for all of them.

    :raises ValueError: it is no host, or one that some of them refuse.
    """
    try:
        url = httpx.URL(scheme='http', host=host, path='/')
        _ = url.host  # Decodes each label that begins with xn--, as a request does.
        name = url.raw_host.decode('ascii')
        if address_of(name) is None:
            name.encode('idna')
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise ValueError(f'the host cannot be used: {exc}') from exc
    if address_of(name) is None and not _NAME.fullmatch(name):
        raise ValueError('the host is neither a name nor an address')
    return name


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as an IP address; None where it is a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_loopback(host: str) -> bool:
    """
    Return whether a host is this machine, so that nothing goes over a network.

    Names below ``localhost``, and ``localhost.`` with a dot, do not count, because not every
    resolver keeps them on this machine: glibc asks a DNS server for the latter.
    """
    if host.lower() == 'localhost':
        return True
    address = address_of(host)
    # 0.0.0.0 and :: are how servers name all addresses; who connects there stays on the machine.
    return address is not None and (address.is_loopback or address.is_unspecified)

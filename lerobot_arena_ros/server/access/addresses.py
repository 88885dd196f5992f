"""Groups IP addresses into clients, for limits per address."""

from __future__ import annotations

import ipaddress

__all__ = ['client_of']

IPV6_PREFIX = 64
"""Bits of the IPv6 prefix that a provider assigns to one customer."""


def client_of(address: str) -> str:
    """Return the key for limits per address: an IPv4 address or an IPv6 network."""
    try:
        parsed = ipaddress.ip_address(address.partition('%')[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))

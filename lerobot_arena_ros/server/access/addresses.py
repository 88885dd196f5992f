"""Which addresses belong to one client, for limits per address."""

from __future__ import annotations

import ipaddress

__all__ = ['client_of']

IPV6_PREFIX = 64
"""Bits of an IPv6 address that a provider gives to one customer; the rest is the customer's."""


def client_of(address: str) -> str:
    """Return what limits per address count by: an IPv4 address, or a network of IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition('%')[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))

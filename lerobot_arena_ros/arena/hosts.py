# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Validation of URL hosts for all libraries of the client, and detection of loopback hosts."""

from __future__ import annotations

import ipaddress
import re

import httpx

__all__ = ['address_of', 'ascii_host', 'is_loopback']

_NAME = re.compile(r'[a-z0-9._-]+')


def ascii_host(host: str) -> str:
    """
    Return a host as it is sent: lower case, with an international name converted to ASCII.

    Convert a name once for all libraries, because httpx implements IDNA 2008 and the others
    IDNA 2003.

    :raises ValueError: it is not a host, or one of the libraries rejects it.
    """
    try:
        url = httpx.URL(scheme='http', host=host, path='/')
        _ = url.host  # Decodes each label that starts with xn--, as a request does.
        name = url.raw_host.decode('ascii')
        if address_of(name) is None:
            name.encode('idna')
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise ValueError(f'the host is invalid: {exc}') from exc
    if address_of(name) is None and not _NAME.fullmatch(name):
        raise ValueError('the host is neither a name nor an address')
    return name


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as an IP address; None if it is a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_loopback(host: str) -> bool:
    """
    Return whether a host is this machine, so that no data crosses a network.

    Subdomains of ``localhost`` and ``localhost.`` with a dot do not count, because not every
    resolver maps them to this machine: glibc sends the latter to a DNS server.
    """
    if host.lower() == 'localhost':
        return True
    address = address_of(host)
    # 0.0.0.0 and :: mean all addresses of a server; a connection to them stays on this machine.
    return address is not None and (address.is_loopback or address.is_unspecified)

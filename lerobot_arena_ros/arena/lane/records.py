# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The records of DTLS 1.2 (RFC 6347), as far as their headers. Sans I/O.

A memory BIO of OpenSSL joins the records that it wrote, so they are separated here and packed into
datagrams.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ['DATAGRAM_OCTETS', 'client_random', 'is_plain', 'is_sound', 'pack']

DATAGRAM_OCTETS = 1200
"""The maximum length of a datagram: a path with IPv6 carries 1232 octets unfragmented."""

HEADER_OCTETS = 13
TYPES = (20, 21, 22, 23)
"""The types of records: change of the cipher, alert, handshake, data."""

MIN_SEALED_OCTETS = 24
"""An encrypted record has at least the nonce and the tag of AES-GCM, of 8 and 16 octets."""

HANDSHAKE = 22
CLIENT_HELLO = 1
# The type of the message, its length, number and fragment, and the version of the client.
_RANDOM_AT = HEADER_OCTETS + 12 + 2
_RANDOM_OCTETS = 32


def pack(data: bytes, limit: int = DATAGRAM_OCTETS) -> list[bytes]:
    """
    Pack whole records into datagrams.

    :param data: records, one after the other, as OpenSSL wrote them.
    :param limit: the maximum length of a datagram in octets; a longer record gets one of its own.
    """
    datagrams: list[bytes] = []
    for record in _records(data):
        if datagrams and len(datagrams[-1]) + len(record) <= limit:
            datagrams[-1] += record
        else:
            datagrams.append(record)
    return datagrams


def is_plain(datagram: bytes) -> bool:
    """Return whether its first record is not encrypted, as those at the start of a handshake."""
    return datagram[3:5] == b'\0\0'


def is_sound(datagram: bytes) -> bool:
    """
    Return whether a datagram consists of whole records that may be valid.

    OpenSSL drops others too, except that of OpenSSL 3.1 an encrypted record which is too short
    ends the session.
    """
    return bool(datagram) and all(
        len(record) >= HEADER_OCTETS
        and record[0] in TYPES
        and record[1] == 0xFE
        and len(record) - HEADER_OCTETS == int.from_bytes(record[11:HEADER_OCTETS], 'big')
        and (is_plain(record) or len(record) - HEADER_OCTETS >= MIN_SEALED_OCTETS)
        for record in _records(datagram)
    )


def client_random(datagram: bytes) -> bytes | None:
    """Return the random number of the client; None if the datagram is no ClientHello."""
    is_hello = (
        len(datagram) >= _RANDOM_AT + _RANDOM_OCTETS
        and datagram[0] == HANDSHAKE
        and is_plain(datagram)
        and datagram[HEADER_OCTETS] == CLIENT_HELLO
    )
    return datagram[_RANDOM_AT : _RANDOM_AT + _RANDOM_OCTETS] if is_hello else None


def _records(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        length = int.from_bytes(data[start + 11 : start + HEADER_OCTETS], 'big')
        end = start + HEADER_OCTETS + length
        yield data[start:end]
        start = end

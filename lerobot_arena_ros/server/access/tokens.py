# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Named tokens and their permissions. No I/O.

A tokens file is YAML::

    tokens:
      - name: phone
        hash: sha256:3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7
        role: drive
        workspaces: [lab]  # left out: every workspace

The file contains hashes, so a copy of the file gives no access. The hash is SHA-256 without a
salt. That is enough because ``arena_server hash-token`` creates tokens of 256 random bits, which
no dictionary contains. A token that a person chose is weaker; :func:`hash_of` refuses short ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
import hashlib
import hmac
import re
import secrets
from typing import Any

from ...arena.errors import RequestRejected
from .plain_yaml import load_plain

__all__ = [
    'FULL_ACCESS',
    'MIN_TOKEN_CHARACTERS',
    'Access',
    'Grant',
    'NotAllowed',
    'Tokens',
    'hash_of',
    'new_token',
    'read_tokens',
]

MIN_TOKEN_CHARACTERS = 16
"""A token with fewer characters can be guessed."""

_HASH = re.compile(r'sha256:[0-9a-f]{64}')
_KEYS = ('name', 'hash', 'role', 'workspaces')
_NAME = re.compile(r'[A-Za-z0-9._-]{1,64}')


class NotAllowed(RequestRejected):
    """The token does not allow the request (403); the message states what it allows."""


class Access(IntEnum):
    """What the holder of a token may do; each value includes the values before it."""

    WATCH = 1
    """Join as a consumer, and read rooms, their state and their robots."""
    DRIVE = 2
    """Join as a producer, command joints, create rooms, and request resets of robots' stops."""
    ADMIN = 3
    """Delete rooms, delete idle rooms, and replace a participant."""


@dataclass(frozen=True)
class Grant:
    """
    What the holder of one token may do.

    :param name: the name of the token, for logs and metrics.
    :param access: the highest access of its holder.
    :param workspaces: the workspaces of that access; None for all.
    :param digest: SHA-256 of the token; empty if the server needs no token.
    """

    name: str
    access: Access
    workspaces: frozenset[str] | None = None
    digest: bytes = field(default=b'', repr=False)

    @classmethod
    def of_token(cls, name: str, token: str, access: Access = Access.ADMIN) -> Grant:
        """Return the grant of a plain-text token, for all workspaces."""
        return cls(name, access, digest=hashlib.sha256(token.encode()).digest())

    def allows(self, access: Access, workspace: str | None) -> bool:
        """
        Return whether the holder has this access.

        :param workspace: the workspace to access; None for the whole server.
        """
        if access > self.access:
            return False
        return self.workspaces is None or workspace in self.workspaces

    def require(self, access: Access, workspace: str | None) -> None:
        """
        Raise NotAllowed if the holder does not have this access.

        :param workspace: as for :meth:`allows`.
        :raises NotAllowed: the grant does not include it.
        """
        if self.allows(access, workspace):
            return
        where = 'of the whole server' if workspace is None else f'in workspace {workspace!r}'
        allowed = 'every workspace'
        if self.workspaces is not None:
            allowed = f'the workspaces {", ".join(sorted(self.workspaces))}'
        raise NotAllowed(
            f'token {self.name!r} may {self.access.name.lower()} in {allowed}; this needs a token'
            f' that may {access.name.lower()} {where}',
            status=403,
        )


FULL_ACCESS = Grant('', Access.ADMIN)
"""The grant of each client of a server without tokens."""


class Tokens:
    """
    The tokens of one server.

    :param grants: the grant of each token; empty if the server needs no token.
    """

    def __init__(self, grants: Iterable[Grant] = ()) -> None:
        self._grants = tuple(grants)

    def replace(self, grants: Iterable[Grant]) -> None:
        """Replace all tokens."""
        self._grants = tuple(grants)

    def __bool__(self) -> bool:
        """Return whether the server needs a token."""
        return bool(self._grants)

    def __contains__(self, grant: object) -> bool:
        """Return whether a grant is still valid and unchanged."""
        return grant in self._grants if self._grants else grant == FULL_ACCESS

    def grant_of(self, token: str) -> Grant | None:
        """
        Return the grant of a token; None if the token is unknown.

        The duration does not depend on the token: the hash is compared with each entry, in
        constant time.
        """
        if not self._grants:
            return FULL_ACCESS
        digest = hashlib.sha256(token.encode()).digest()
        found = None
        for grant in self._grants:
            if hmac.compare_digest(digest, grant.digest):
                found = grant
        return found


def new_token() -> str:
    """Return a token of 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """
    Return the hash of a token in the format of the tokens file.

    :raises ValueError: the token is shorter than :data:`MIN_TOKEN_CHARACTERS`.
    """
    if len(token) < MIN_TOKEN_CHARACTERS:
        raise ValueError(
            f'the token has {len(token)} characters, expected at least {MIN_TOKEN_CHARACTERS}'
        )
    return f'sha256:{hashlib.sha256(token.encode()).hexdigest()}'


def read_tokens(text: str) -> tuple[Grant, ...]:
    """
    Parse a tokens file.

    :raises ValueError: an entry is not valid; the message names the entry, the value and what was
        expected, and contains no hash.
    """
    loaded = load_plain(text)
    listed = loaded.get('tokens') if isinstance(loaded, dict) and len(loaded) == 1 else None
    if not isinstance(listed, list) or not listed:
        raise ValueError('expected the one key tokens with a list of at least one token')
    entries = tuple(_entry(number, item) for number, item in enumerate(listed, 1))
    _refuse_duplicates(entries)
    return entries


def _entry(number: int, item: Any) -> Grant:
    if not isinstance(item, dict):
        raise ValueError(f'token {number}: expected the keys {", ".join(_KEYS)}')
    name = item.get('name')
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f'token {number}: name is {name!r:.60},'
            ' expected 1 to 64 letters, digits, dots, dashes or underscores'
        )
    where = f'token {number} ({name})'
    unknown = [key for key in item if key not in _KEYS]
    if unknown:
        raise ValueError(f'{where}: no such key: {unknown[0]!r:.60}; expected {", ".join(_KEYS)}')
    digest = item.get('hash')
    if not isinstance(digest, str) or not _HASH.fullmatch(digest):
        raise ValueError(
            f'{where}: hash is not sha256: and 64 hexadecimal digits;'
            ' make it with arena_server hash-token'
        )
    return Grant(
        name,
        _access(where, item.get('role')),
        _workspaces(where, item),
        bytes.fromhex(digest.removeprefix('sha256:')),
    )


def _access(where: str, role: Any) -> Access:
    for access in Access:
        if role == access.name.lower():
            return access
    raise ValueError(f'{where}: role is {role!r:.60}, expected watch, drive or admin')


def _workspaces(where: str, item: dict[Any, Any]) -> frozenset[str] | None:
    if 'workspaces' not in item:
        return None
    given = item['workspaces']
    # An empty list is refused because it could mean no workspace or all of them.
    if not isinstance(given, list) or not given or not all(isinstance(it, str) for it in given):
        raise ValueError(
            f'{where}: workspaces is {given!r:.60}, expected a list of at least one workspace id;'
            ' leave the key out for every workspace'
        )
    return frozenset(given)


def _refuse_duplicates(entries: Iterable[Grant]) -> None:
    names: set[str] = set()
    owners: dict[bytes, str] = {}
    for entry in entries:
        name = entry.name
        if name in names:
            raise ValueError(f'two tokens have the name {name}; give each its own')
        names.add(name)
        if entry.digest in owners:
            raise ValueError(f'{owners[entry.digest]} and {name} have the same hash')
        owners[entry.digest] = name

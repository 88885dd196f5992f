# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Named tokens: the tokens file, and the permissions of each token."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from lerobot_arena_ros.server.access.tokens import (
    FULL_ACCESS,
    Access,
    Grant,
    Tokens,
    hash_of,
    new_token,
    read_tokens,
)

TOKEN = 'zebra-0123456789'
HASH = hash_of(TOKEN)


def file_of(*lines: str) -> str:
    """Return a tokens file with one entry."""
    return 'tokens:\n  - ' + '\n    '.join(lines) + '\n'


GOOD = file_of('name: phone', f'hash: {HASH}', 'role: drive', 'workspaces: [lab]')


def test_a_token_is_found_by_its_hash() -> None:
    """The file contains only the hash, and the holder gets the grant of its entry."""
    assert TOKEN not in GOOD
    tokens = Tokens(read_tokens(GOOD))
    grant = tokens.grant_of(TOKEN)
    assert grant is not None
    assert (grant.name, grant.access) == ('phone', Access.DRIVE)
    assert grant.workspaces == frozenset({'lab'})
    for wrong in (
        '',
        TOKEN[:-1],
        TOKEN + '0',
        HASH,
        'zébra',
    ):
        assert tokens.grant_of(wrong) is None


def test_each_entry_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All entries are compared, so the duration reveals nothing about the tokens."""
    grants = [Grant.of_token(str(number), f'{TOKEN}{number}') for number in range(3)]
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def record(given: bytes, known: bytes) -> bool:
        compared.append((given, known))
        return compare(given, known)

    monkeypatch.setattr(hmac, 'compare_digest', record)
    for token in (f'{TOKEN}0', f'{TOKEN}2', 'wrong'):
        compared.clear()
        Tokens(grants).grant_of(token)
        digest = hashlib.sha256(token.encode()).digest()
        assert compared == [(digest, grant.digest) for grant in grants]


def test_a_server_without_tokens_allows_everything() -> None:
    """Without entries, no token is needed."""
    assert not Tokens()
    assert Tokens().grant_of('') == FULL_ACCESS
    assert FULL_ACCESS.allows(Access.ADMIN, None)


@pytest.mark.parametrize('granted', Access)
@pytest.mark.parametrize('wanted', Access)
def test_each_role_includes_those_below_it(granted: Access, wanted: Access) -> None:
    """An admin may drive and a driver may watch, but not the other way round."""
    assert Grant('phone', granted).allows(wanted, 'lab') is (wanted.value <= granted.value)


def test_a_token_of_one_workspace_allows_no_other() -> None:
    """A token of one workspace also does not allow access to the whole server."""
    grant = Grant('phone', Access.ADMIN, frozenset({'lab'}))
    assert grant.allows(Access.ADMIN, 'lab')
    assert not grant.allows(Access.WATCH, 'home')
    assert not grant.allows(Access.WATCH, None)


def test_new_tokens_are_long_and_differ() -> None:
    """Each new token has at least 256 random bits."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 for token in tokens)


def test_a_short_token_is_not_hashed() -> None:
    """A token that is short enough to guess is refused."""
    with pytest.raises(ValueError, match='has 5 characters, expected at least 16'):
        hash_of('zebra')


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('', 'the one key tokens'),
        ('tokens: []', 'at least one token'),
        ('tokens: {}', 'at least one token'),
        ('token: [x]', 'the one key tokens'),
        ('tokens: [1', 'not YAML in line'),
        ('tokens: [x]', 'token 1: expected the keys name, hash, role, workspaces'),
        (file_of('name: ""', f'hash: {HASH}', 'role: drive'), "token 1: name is ''"),
        (file_of('name: a b', f'hash: {HASH}', 'role: drive'), "token 1: name is 'a b'"),
        (file_of('name: 7', f'hash: {HASH}', 'role: drive'), 'line 2: expected a text'),
        (file_of('name: a', f'hash: {HASH[:-1]}', 'role: drive'), r'token 1 \(a\): hash is not'),
        (file_of('name: a', f'hash: {TOKEN}', 'role: drive'), r'token 1 \(a\): hash is not'),
        (file_of('name: a', f'hash: {HASH}', 'role: drvie'), "role is 'drvie', expected watch"),
        (file_of('name: a', f'hash: {HASH}'), 'role is None, expected watch, drive or admin'),
        (file_of('name: a', f'hash: {HASH}', 'role: true'), 'line 4: expected a text'),
        (
            file_of('name: a', f'hash: {HASH}', 'role: drive', 'workspaces: []'),
            'leave the key out for every workspace',
        ),
        (
            file_of('name: a', f'hash: {HASH}', 'role: drive', 'workspaces: lab'),
            "workspaces is 'lab'",
        ),
        (
            file_of('name: a', f'hash: {HASH}', 'role: drive', 'workspace: [lab]'),
            "no such key: 'workspace'",
        ),
        (
            file_of('name: a', f'hash: {HASH}', 'role: watch', 'role: admin'),
            "line 5: 'role' is there twice",
        ),
        (
            file_of('name: a', f'hash: {HASH}', 'role: watch', '? [role]', ': admin'),
            'line 5: expected a text as key',
        ),
        (file_of('name: a', 'hash: 1234567890123456', 'role: drive'), 'line 3: expected a text'),
        ('tokens: !!bool x', 'line 1: expected a text; put it in quotes, without a tag'),
        ("tokens: !!int ''", 'line 1: expected a text'),
        ('tokens: !!timestamp x', 'line 1: expected a text'),
        ('tokens: !!set {a, b}', 'line 1: expected a list or keys without a tag'),
        ('tokens: !!python/object:os.system {}', 'line 1: expected a list or keys'),
        ('tokens: &a [*a]', 'line 1: aliases are not allowed'),
        ('tokens: ' + '[' * 100_000, 'nested too deeply'),
        ('a\x00b', 'not YAML'),
    ],
)
def test_an_error_names_the_invalid_entry(text: str, complaint: str) -> None:
    """The error names the entry, the value and what was expected, and no secret."""
    with pytest.raises(ValueError, match=complaint) as caught:
        read_tokens(text)
    assert TOKEN not in str(caught.value)
    assert HASH.removeprefix('sha256:')[:-1] not in str(caught.value)


def test_a_small_file_causes_no_huge_error() -> None:
    """Errors stay short for aliases and for long values."""
    rows = ['&a0 [x, x, x, x, x, x, x, x, x]']
    rows += [f'&a{n} [{", ".join([f"*a{n - 1}"] * 9)}]' for n in range(1, 9)]
    with pytest.raises(ValueError, match='line 3: aliases are not allowed'):
        read_tokens('tokens:\n- name:\n' + ''.join(f'  - {row}\n' for row in rows))
    for long in (file_of(f'name: {"x " * 10_000}'), file_of('name: a', f'{"k" * 1000}: b')):
        with pytest.raises(ValueError, match=r'token 1') as caught:
            read_tokens(long)
        assert len(str(caught.value)) < 300


def test_duplicate_names_and_hashes_are_refused() -> None:
    """Names and hashes must be unique, because logs and grants depend on them."""
    one = f'  - {{name: a, hash: {HASH}, role: drive}}\n'
    two = f'  - {{name: a, hash: {hash_of(new_token())}, role: drive}}\n'
    three = f'  - {{name: b, hash: {HASH}, role: admin}}\n'
    with pytest.raises(ValueError, match='two tokens have the name a'):
        read_tokens('tokens:\n' + one + two)
    with pytest.raises(ValueError, match='a and b have the same hash'):
        read_tokens('tokens:\n' + one + three)


def test_a_single_token_is_an_entry() -> None:
    """A plain-text token is stored as its hash."""
    grant = Grant.of_token('token', TOKEN)
    assert TOKEN not in repr(grant)
    assert Tokens([grant]).grant_of(TOKEN) == grant
    assert grant.allows(Access.ADMIN, None)


def test_a_grant_ends_when_its_entry_changes() -> None:
    """A grant is no longer valid if its role or hash changes or its entry is removed."""
    grant = Grant.of_token('phone', TOKEN)
    assert grant in Tokens([grant])
    for changed in (Grant.of_token('phone', TOKEN, Access.DRIVE), Grant.of_token('phone', 'x')):
        assert grant not in Tokens([changed])
    assert grant not in Tokens()
    assert FULL_ACCESS in Tokens()
    assert FULL_ACCESS not in Tokens([grant])

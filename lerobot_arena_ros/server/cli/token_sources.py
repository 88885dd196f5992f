# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Reads the tokens from a file with one token, a file with named tokens or the environment."""

from __future__ import annotations

from ..access.rules import checked_token
from ..access.tokens import Grant, read_tokens
from .given_files import UsageError, text_of

__all__ = ['TOKEN_VARIABLE', 'named_grants', 'single_grant', 'single_token']

TOKEN_VARIABLE = 'LEROBOT_ARENA_TOKEN'
"""The environment variable with the token; other users could read it in a command line."""


def named_grants(path: str) -> tuple[Grant, ...]:
    """
    Read the file of ``--tokens``.

    :raises UsageError: the file is not valid.
    """
    text = text_of('--tokens', path, 'a YAML file with tokens')
    try:
        return read_tokens(text)
    except ValueError as exc:
        raise UsageError(f'--tokens {path}: {exc}') from exc


def single_grant(token: str | None) -> tuple[Grant, ...]:
    """Return the grant of a single token, which allows everything."""
    return () if token is None else (Grant.of_token('token', token),)


def single_token(path: str | None, environment: dict[str, str]) -> str | None:
    """
    Read the single token.

    :param path: the file of ``--token-file``; None for the environment variable.
    :returns: None if there is no token.
    :raises UsageError: the token is not valid; the message does not contain it.
    """
    if path is not None:
        where = f'--token-file {path}'
        text = text_of('--token-file', path, 'a file with the token')
    else:
        where, text = TOKEN_VARIABLE, environment.get(TOKEN_VARIABLE, '')
        if not text:
            return None
    try:
        return checked_token(text)
    except ValueError as exc:
        raise UsageError(f'{where}: not a token: {exc}') from exc

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The command ``arena_server hash-token``: prints a new token with its hash, or only a hash."""

from __future__ import annotations

from typing import TextIO

from ..access.rules import checked_token
from ..access.tokens import hash_of, new_token

__all__ = ['hash_token']


def hash_token(given: TextIO | None) -> str:
    """
    Return the output of the command.

    :param given: standard input with a token to hash; if it is a terminal, empty or closed
        (None), a new token is created.
    :raises ValueError: the token is not valid.
    """
    text = '' if given is None or given.isatty() else given.read()
    if text.strip():
        return f'hash: {hash_of(checked_token(text))}'
    token = new_token()
    return f'token: {token}\nhash: {hash_of(token)}'

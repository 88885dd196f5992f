# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A token of each role, and a tokens file."""

from __future__ import annotations

from pathlib import Path

from lerobot_arena_ros.server.access.tokens import hash_of

__all__ = ['ROLES', 'TOKENS', 'tokens_file']

ROLES = ('watch', 'drive', 'admin')
TOKENS = {role: f'{role}-0123456789abcdef' for role in ROLES}


def tokens_file(path: Path, workspaces: tuple[str, ...] = (), **tokens: str) -> Path:
    """
    Write a tokens file.

    :param workspaces: the workspaces of the tokens; empty = all.
    :param tokens: the roles, by the name of the token in :data:`TOKENS`.
    """
    where = f', workspaces: {list(workspaces)}' if workspaces else ''
    lines = [
        f'  - {{name: {name}, hash: "{hash_of(TOKENS[name])}", role: {role}{where}}}\n'
        for name, role in tokens.items()
    ]
    path.write_text('tokens:\n' + ''.join(lines))
    path.chmod(0o600)
    return path

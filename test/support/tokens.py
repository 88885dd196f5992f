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

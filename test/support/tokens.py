"""A token of each role, and the file that names them."""

from __future__ import annotations

from pathlib import Path

from lerobot_arena_ros.server.access.tokens import hash_of

__all__ = ['ROLES', 'TOKENS', 'tokens_file']

ROLES = ('watch', 'drive', 'admin')
TOKENS = {role: f'{role}-0123456789abcdef' for role in ROLES}


def tokens_file(path: Path, workspaces: tuple[str, ...] = (), **tokens: str) -> Path:
    """
    Write a tokens file.

    :param workspaces: where the tokens are valid; none for every workspace.
    :param tokens: the role of each token that :data:`TOKENS` names.
    """
    where = f', workspaces: {list(workspaces)}' if workspaces else ''
    lines = [
        f'  - {{name: {name}, hash: "{hash_of(TOKENS[name])}", role: {role}{where}}}\n'
        for name, role in tokens.items()
    ]
    path.write_text('tokens:\n' + ''.join(lines))
    path.chmod(0o600)
    return path

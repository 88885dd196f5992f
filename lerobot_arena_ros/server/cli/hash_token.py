"""The command ``arena_server hash-token``: a new token and its hash, or the hash of a token."""

from __future__ import annotations

from typing import TextIO

from ..access.rules import checked_token
from ..access.tokens import hash_of, new_token

__all__ = ['hash_token']


def hash_token(given: TextIO | None) -> str:
    """
    Return what the command prints.

    :param given: a token to hash; where it is a terminal, empty or closed (None), a new one
        is made.
    :raises ValueError: the token cannot be used.
    """
    text = '' if given is None or given.isatty() else given.read()
    if text.strip():
        return f'hash: {hash_of(checked_token(text))}'
    token = new_token()
    return f'token: {token}\nhash: {hash_of(token)}'

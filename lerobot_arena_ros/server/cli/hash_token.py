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

"""The tokens of a server: out of a file with one, a file with named ones, or the environment."""

from __future__ import annotations

from ..access.rules import checked_token
from ..access.tokens import Grant, read_tokens
from .given_files import UsageError, text_of

__all__ = ['TOKEN_VARIABLE', 'named_grants', 'single_grant', 'single_token']

TOKEN_VARIABLE = 'LEROBOT_ARENA_TOKEN'
"""The environment variable with the token: a command line can be read by everybody."""


def named_grants(path: str) -> tuple[Grant, ...]:
    """
    Read the file of ``--tokens``.

    :raises UsageError: something in it cannot be used.
    """
    text = text_of('--tokens', path, 'a YAML file with tokens')
    try:
        return read_tokens(text)
    except ValueError as exc:
        raise UsageError(f'--tokens {path}: {exc}') from exc


def single_grant(token: str | None) -> tuple[Grant, ...]:
    """Return what the one token allows: everything."""
    return () if token is None else (Grant.of_token('token', token),)


def single_token(path: str | None, environment: dict[str, str]) -> str | None:
    """
    Find the one token.

    :param path: the file of ``--token-file``; None for the variable of the environment.
    :returns: None where there is none.
    :raises UsageError: it cannot be used; the text does not tell it.
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

"""Files that the command line names."""

from __future__ import annotations

import os
from pathlib import Path
import stat

__all__ = ['UsageError', 'check_regular', 'text_of']


class UsageError(Exception):
    """The program was started with something that it cannot use; the text says what to do."""


def text_of(option: str, path: str, expected: str) -> str:
    """
    Read a file of text.

    :param expected: what should be in there, for the error.
    :raises UsageError: it is none, or cannot be read.
    """
    check_regular(option, path, expected)
    try:
        return Path(path).read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else 'not a text file'
        raise UsageError(f'{option} {path}: {why}; expected {expected}') from exc


def check_regular(option: str, path: str, expected: str) -> None:
    """
    Refuse a pipe, which could let the server wait for ever, and what else is no file.

    :raises UsageError: it is no regular file.
    """
    try:
        is_regular = stat.S_ISREG(os.stat(path).st_mode)
    except OSError as exc:
        raise UsageError(f'{option} {path}: {exc.strerror}; expected {expected}') from exc
    if not is_regular:
        raise UsageError(f'{option} {path}: not a regular file; expected {expected}')

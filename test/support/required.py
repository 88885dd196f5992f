"""What a test needs of its machine: without it the test is skipped, or fails where one insists."""

from __future__ import annotations

import os

import pytest

__all__ = ['VARIABLE', 'is_required', 'require']

VARIABLE = 'REQUIRE'
"""Names, with commas between them, what may not be missing: CI would skip without being seen."""


def require(name: str, is_there: object, reason: str) -> None:
    """
    Skip what asks for this where something is not there; fail where it has to be.

    :param name: as the environment variable names it.
    :param reason: what is missing, and how one gets it.
    """
    if is_there:
        return
    if is_required(name):
        pytest.fail(f'{VARIABLE} names {name}: {reason}')
    pytest.skip(reason)


def is_required(name: str) -> bool:
    """Say whether somebody insists on this."""
    return name in os.environ.get(VARIABLE, '').split(',')

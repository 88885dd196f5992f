"""Needs of a test that a machine may lack: the test is skipped, or fails on request."""

from __future__ import annotations

import os

import pytest

__all__ = ['VARIABLE', 'is_required', 'require']

VARIABLE = 'REQUIRE'
"""The environment variable of CI with the required needs, separated by commas."""


def require(name: str, is_there: object, reason: str) -> None:
    """
    Skip the test if something is missing, or fail if it is required.

    :param name: the name in the environment variable.
    :param reason: what is missing, and how to install it.
    """
    if is_there:
        return
    if is_required(name):
        pytest.fail(f'{VARIABLE} names {name}: {reason}')
    pytest.skip(reason)


def is_required(name: str) -> bool:
    """Return whether the environment variable names this."""
    return name in os.environ.get(VARIABLE, '').split(',')

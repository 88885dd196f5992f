# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Checks of single JSON values, shared by all modules that decode messages."""

from __future__ import annotations

from typing import Any, TypeGuard

from .errors import ProtocolError

__all__ = [
    'MAX_STAMP_NS',
    'as_object',
    'as_text',
    'is_finite',
    'is_text',
    'optional_count',
    'optional_stamp',
    'optional_text',
    'printable',
    'shown',
]

MAX_STAMP_NS = (2**31 - 1) * 1_000_000_000
"""The last second that a stamp of ROS can have, in nanoseconds since 1970."""

_LARGEST_COUNT = 2**53
"""The largest integer that every JSON parser represents exactly."""

_LARGEST = 1.7976931348623157e308
"""The largest finite double; a larger JSON number is not a valid value."""


def is_text(value: object) -> TypeGuard[str]:
    """Return whether a value is a non-empty string that can be sent as UTF-8."""
    if not isinstance(value, str) or not value:
        return False
    return value.isascii() or not any('\ud800' <= char <= '\udfff' for char in value)


def is_finite(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a finite number; a boolean is not a number."""
    # A comparison, because math.isfinite raises for integers beyond the range of a double.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST


def as_object(value: object, what: str) -> dict[str, Any]:
    """
    Return a value that must be a JSON object.

    :param what: the name of the value in the error.
    :raises ProtocolError: it is not an object.
    """
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise ProtocolError(f'{what} must be a JSON object, got {kind}', reason='shape')
    return value


def as_text(value: object) -> str:
    """Return any value as text that can be encoded as UTF-8, so that logging it cannot fail."""
    try:
        text = str(value)
    except RecursionError:
        text = type(value).__name__  # JSON accepts deeper nesting than str() does.
    return printable(text)


def optional_text(value: object) -> str | None:
    """Return a value as text; None stays None."""
    return None if value is None else as_text(value)


def optional_count(value: object) -> int | None:
    """Return a value that is an integer from 0 to 2^53; None if it is not one."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _LARGEST_COUNT else None


def optional_stamp(value: object) -> int | None:
    """
    Return a stamp in nanoseconds; None if it is not one.

    Zero is not one, because in ROS it means that there is none.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value <= MAX_STAMP_NS else None


def shown(value: object) -> str:
    """Return the beginning of the ``repr`` of a value, for an error message."""
    return f'{value!r:.60}' if isinstance(value, str) else as_text(value)[:60]


def printable(text: str) -> str:
    """Replace characters that cannot be encoded as UTF-8."""
    return text.encode('utf-8', 'replace').decode('utf-8')

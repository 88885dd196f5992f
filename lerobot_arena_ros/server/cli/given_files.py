# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Reads files that are named on the command line."""

from __future__ import annotations

import os
from pathlib import Path
import stat

__all__ = ['UsageError', 'check_regular', 'text_of']


class UsageError(Exception):
    """An option, a file or the environment is not valid; the message has the remedy."""


def text_of(option: str, path: str, expected: str) -> str:
    """
    Read a text file.

    :param expected: the expected content, for the error message.
    :raises UsageError: the file is not a text file, or cannot be read.
    """
    check_regular(option, path, expected)
    try:
        return Path(path).read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else 'not a text file'
        raise UsageError(f'{option} {path}: {why}; expected {expected}') from exc


def check_regular(option: str, path: str, expected: str) -> None:
    """
    Raise UsageError unless a path is a regular file, because reading a pipe could block forever.

    :raises UsageError: the path does not exist, or is not a regular file.
    """
    try:
        is_regular = stat.S_ISREG(os.stat(path).st_mode)
    except OSError as exc:
        raise UsageError(f'{option} {path}: {exc.strerror}; expected {expected}') from exc
    if not is_regular:
        raise UsageError(f'{option} {path}: not a regular file; expected {expected}')

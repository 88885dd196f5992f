# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""When a process is ready for a signal."""

from __future__ import annotations

from pathlib import Path
import signal
import time

from .processes import Process
from .waiting import wait_for

__all__ = ['handles_sigterm', 'let_pass']


def handles_sigterm(process: Process) -> bool:
    """
    Return whether a process handles SIGTERM, which Python by default does not.

    :param process: runs without coverage.py, which would handle it before the program does.
    """
    assert process.is_alive, process.output
    status = Path(f'/proc/{process.pid}/status').read_text()
    caught = next(line for line in status.splitlines() if line.startswith('SigCgt:'))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def let_pass(process: Process, seconds: float) -> None:
    """Wait for some time, or until the process ends."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= end or not process.is_alive, 'a moment')

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The clock for timeouts, delays and ages."""

from __future__ import annotations

import sys
import time

__all__ = ['steady_now']


def steady_now() -> float:
    """
    Return the monotonic time in seconds, including the time in which the machine was suspended.

    ``time.monotonic()`` does not advance while a Linux machine is suspended, so that old data
    would count as fresh afterwards.
    """
    if sys.platform == 'linux':
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()  # pragma: no cover, because coverage is measured on Linux

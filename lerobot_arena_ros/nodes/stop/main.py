# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executable arena_stop: stop or reset every bridge on the ROS graph."""

from __future__ import annotations

import sys

from ..runtime.shutdown_signal import ShutdownSignal

__all__ = ['main']


def main(args: list[str] | None = None) -> int:
    """Stop or reset every bridge that is found, and return the exit code."""
    shutdown = ShutdownSignal()
    # Import this afterwards, because Ctrl-C during an import would otherwise print a traceback.
    from .program import run

    return run(sys.argv[1:] if args is None else args, shutdown)

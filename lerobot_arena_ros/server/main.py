# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executable ``arena_server``: a room server for one machine or a whole lab."""

from __future__ import annotations

import sys

__all__ = ['main']


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    # executables.py handles signals during this import, which takes most of the start-up time.
    from .cli.program import run_server

    run_server(sys.argv[1:])


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Run a program as if libraries that make it faster were not installed.

``python -m benchmark.harness.optional_dependencies uvloop,orjson MODULE ARGUMENTS``
"""

from __future__ import annotations

from importlib.util import find_spec
import runpy
import sys

__all__ = ['ACCELERATORS', 'variants']

ACCELERATORS = ('uvloop', 'orjson')


def variants() -> list[tuple[str, ...]]:
    """Return the sets of libraries to hide: each that is installed, then all of them."""
    found = tuple(name for name in ACCELERATORS if find_spec(name) is not None)
    return list(dict.fromkeys([*((name,) for name in found), *([found] if found else [])]))


if __name__ == '__main__':
    for name in sys.argv[1].split(','):
        sys.modules[name] = None  # type: ignore[assignment]
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)

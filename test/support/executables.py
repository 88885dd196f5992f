# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executables of the package, read from setup.py."""

from __future__ import annotations

from pathlib import Path
import re

__all__ = ['EXECUTABLES']

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'lerobot_arena_ros'


def _read() -> dict[str, str]:
    text = (ROOT / 'setup.py').read_text(encoding='utf-8')
    found = re.findall(r"f'(\w+) = \{name\}\.([\w.]+:\w+)'", text)
    return {name: f'{PACKAGE}.{place}' for name, place in found}


EXECUTABLES = _read()
"""The ``module:function`` of each executable, by name."""

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The version of this package."""

from __future__ import annotations

from pathlib import Path

__all__ = ['version']

NAME = 'lerobot_arena_ros'


def version() -> str:
    """Return the version of the running code; in a checkout, the one in its package.xml."""
    # Imported here because they take 20 ms, by which arena_stop would delay a stop.
    from importlib import metadata
    from xml.etree import ElementTree

    manifest = Path(__file__).resolve().parents[1] / 'package.xml'
    if manifest.is_file():
        return ElementTree.parse(manifest).findtext('version') or 'unknown'
    return metadata.version(NAME)

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Fleet files for tests, and the robots in most of them."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

__all__ = ['COMMON', 'FLEET', 'fleet_file', 'follower']

COMMON = {
    'units': 'degrees',
    'joints': ['j1'],
    'link.reconnect_min_s': 0.1,
    'link.reconnect_max_s': 0.2,
    # A busy machine may stall for longer than the defaults; its link is neither lost nor late.
    'link.timeout_s': 10.0,
    'link.max_delay_s': 5.0,
    'consume.require_feedback': 'never',
    'consume.require_limits': 'never',
    'create_missing_rooms': 'both',
}


def follower(room: str, **more: Any) -> dict[str, Any]:
    """Return the parameters of a robot that follows a room."""
    return {'consume.room_id': room, **more}


FLEET = {
    'left': follower('a'),
    'right': follower('b'),
    'twin': follower('b'),
    'lost': follower('nowhere', create_missing_rooms='none'),
    'alone': follower('c', server_url='http://127.0.0.1:9'),  # There is no server.
}
"""
Robots by namespace: one alone in its room, two that share a room, one whose room is missing, one
without an arena.
"""


def fleet_file(
    folder: Path, server_url: str, robots: Mapping[str, Mapping[str, Any]] = FLEET
) -> Path:
    """Write a fleet file into a folder and return its path."""
    path = folder / 'fleet.yaml'
    entries = [{'namespace': name, 'params': dict(params)} for name, params in robots.items()]
    common = {**COMMON, 'server_url': server_url}
    path.write_text(json.dumps({'defaults': {'params': common}, 'robots': entries}))
    return path

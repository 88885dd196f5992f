# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The parameters that follow from the session of an AI policy."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.nodes.launching.ai_loop_rules import names_in, session_parameters
from lerobot_arena_ros.nodes.launching.launch_rules import LaunchError


@pytest.mark.parametrize(
    ('argument', 'names'),
    [
        ('[front]', ['front']),
        ('[front, wrist]', ['front', 'wrist']),
        ('["front", \'0815\']', ['front', '0815']),
        ('front,wrist', ['front', 'wrist']),
        ('/camera/image_raw', ['/camera/image_raw']),
        ('[]', []),
        ('', []),
    ],
)
def test_names_are_read_with_and_without_brackets(argument: str, names: list[str]) -> None:
    """A list has the form of YAML, or just commas, and a name is always a string."""
    assert names_in(argument) == names


def test_rooms_follow_from_the_session_and_none_is_created() -> None:
    """Both nodes get the rooms of the session, and the arm needs each camera."""
    bridge, cameras = session_parameters('s', ['front', 'wrist'], ['/cam', '/hand'])

    assert bridge == {
        'produce.room_id': 's-joint-input',
        'consume.room_id': 's-joint-output',
        'consume.require_cameras': ['front', 'wrist'],
        'create_missing_rooms': 'none',
    }
    assert cameras == {
        'cameras': ['front', 'wrist'],
        'camera_map.front.room_id': 's-front',
        'camera_map.front.required_viewer': 's-front-consumer',
        'camera_map.front.topic': '/cam',
        'camera_map.wrist.room_id': 's-wrist',
        'camera_map.wrist.required_viewer': 's-wrist-consumer',
        'camera_map.wrist.topic': '/hand',
        'create_missing_rooms': 'none',
    }


def test_without_topics_those_of_the_file_remain() -> None:
    """Without topics, no parameter replaces a topic of the file or the default."""
    _, cameras = session_parameters('s', ['front'])

    assert 'camera_map.front.topic' not in cameras


@pytest.mark.parametrize(
    ('session', 'cameras', 'topics', 'text'),
    [
        ('', ['front'], [], 'session is empty: expected the id'),
        ('s', ['front', 'front'], [], 'cameras is front, front: expected each name once'),
        ('s', ['front', 'wrist'], ['/cam'], 'camera_topics has 1 topics, and cameras has 2 names'),
        ('s', [], ['/cam'], 'camera_topics has 1 topics, and cameras has 0 names'),
    ],
)
def test_a_wrong_argument_is_refused_in_one_line(
    session: str, cameras: list[str], topics: list[str], text: str
) -> None:
    """An error names the argument, its value, and what was expected."""
    with pytest.raises(LaunchError, match='expected') as raised:
        session_parameters(session, cameras, topics)
    assert text in str(raised.value)

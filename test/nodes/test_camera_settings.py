# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Camera table and settings: each contradiction is refused with one line that names it."""

from __future__ import annotations

from typing import Any

import pytest

from lerobot_arena_ros.media.ice import PASSWORD_VARIABLE, USERNAME_VARIABLE
from lerobot_arena_ros.nodes.settings.camera_settings import CameraNodeSettings
from lerobot_arena_ros.nodes.settings.camera_table import CAMERA_SPECS, CAMERAS, SPECS
from lerobot_arena_ros.nodes.settings.parameter_validation import check_parameters
from lerobot_arena_ros.nodes.settings.specs import ParameterError, Spec


@pytest.fixture(name='_no_credentials', autouse=True)
def fixture_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the variables of this machine that would change the settings."""
    for name in (USERNAME_VARIABLE, PASSWORD_VARIABLE, 'LEROBOT_ARENA_TOKEN'):
        monkeypatch.delenv(name, raising=False)


def settings(**given: Any) -> CameraNodeSettings:
    """Return the settings for parameters; ``__`` in a name stands for a dot."""
    named = {name.replace('__', '.'): value for name, value in given.items()}
    return CameraNodeSettings.of(*check_parameters(named, CAMERAS))


def refusal(**given: Any) -> str:
    """Return the line with which parameters are refused."""
    with pytest.raises(ParameterError) as caught:
        settings(**given)
    assert '\n' not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize('specs', [SPECS, CAMERA_SPECS], ids=['node', 'camera'])
def test_each_default_is_valid(specs: tuple[Spec, ...]) -> None:
    """A default satisfies its own specification, and no name occurs twice."""
    assert len({spec.name for spec in specs}) == len(specs)
    for spec in specs:
        assert spec.check(spec.initial) == spec.initial


def test_a_camera_has_defaults() -> None:
    """A name is enough: the room, the topic and the frame have it."""
    found = settings(cameras=['front', 'far'], camera_map__far__mode='receive')

    (front,), (far,) = found.senders, found.receivers
    assert (front.name, front.room.room_id, front.topic) == ('front', 'front', 'front/image_raw')
    assert (far.room.room_id, far.topic, far.frame_id) == ('far', 'far/image_raw', 'far')
    assert (front.room.create, far.room.create) == (True, False)
    assert (far.encoding, far.jpeg_quality) == ('rgb8', None)


@pytest.mark.parametrize(
    ('create', 'sent', 'received'),
    [('none', False, False), ('send', True, False), ('both', True, True)],
)
def test_only_the_named_rooms_are_created(create: str, sent: bool, received: bool) -> None:
    """``create_missing_rooms`` decides which rooms are created."""
    found = settings(
        cameras=['a', 'b'], camera_map__b__mode='receive', create_missing_rooms=create
    )

    assert (found.senders[0].room.create, found.receivers[0].room.create) == (sent, received)


@pytest.mark.parametrize(
    ('transport', 'raw', 'compressed'),
    [('raw', True, False), ('compressed', False, True), ('both', True, True)],
)
def test_a_received_camera_has_the_wanted_types(
    transport: str, raw: bool, compressed: bool
) -> None:
    """A received camera is published as one or both types."""
    (found,) = settings(
        cameras=['a'], camera_map__a__mode='receive', camera_map__a__transport=transport
    ).receivers

    assert (found.encoding is not None, found.jpeg_quality is not None) == (raw, compressed)


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ({}, 'no camera is named: set cameras'),
        ({'cameras': ['a', 'a']}, "'a' is listed twice"),
        ({'cameras': ['left wrist']}, "'left wrist': expected letters, digits and underscores"),
        ({'cameras': ['a/b']}, 'expected letters'),
        ({'cameras': ['1st']}, 'no digit at the beginning'),
        ({'cameras': ['a'], 'workspace_id': ''}, 'expected the name of a workspace'),
        ({'cameras': ['a'], 'server_url': 'ftp://x'}, 'parameter server_url'),
        ({'cameras': ['a'], 'camera': ['b']}, 'did you mean cameras?'),
        ({'cameras': ['a'], 'camera_map__b__mode': 'send'}, "'b' is not among the cameras"),
        ({'cameras': ['a'], 'camera_map__a__topik': '/x'}, 'did you mean topic?'),
        ({'cameras': ['a'], 'camera_map__a__mode': 'sends'}, "expected one of 'send', 'receive'"),
        ({'cameras': ['a'], 'camera_map__a__codec': 'av1'}, "expected one of 'vp8', 'h264'"),
        ({'cameras': ['a'], 'camera_map__a__transport': 'both'}, 'expected raw or compressed'),
        ({'cameras': ['a'], 'camera_map__a__max_rate_hz': -1.0}, 'a number from 0 to 240'),
        (
            {'cameras': ['a'], 'camera_map__a__max_bitrate': 100_000.0},
            'expected min_bitrate <= max_bitrate',
        ),
        (
            {'cameras': ['a', 'b'], 'camera_map__b__room_id': 'a'},
            "cameras a and b are both sent to the room 'a'",
        ),
        ({'cameras': ['a'], 'ice_servers': ['http://x']}, 'parameters ice_servers'),
        ({'cameras': ['a'], 'ice_servers': ['turn:x']}, USERNAME_VARIABLE),
        ({'cameras': ['a'], 'ice_transport_policy': 'relay'}, 'expected a TURN server'),
        ({'cameras': ['a'], 'link__timeout_s': 1.0}, 'expected at least twice'),
        ({'cameras': ['a'], 'link__reconnect_max_s': 0.1}, 'expected at least link.reconnect_min'),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_a_mistake_is_named(given: dict[str, Any], expected: str) -> None:
    """The line names the parameter, its value, and what was expected."""
    assert expected in refusal(**given)


def test_the_timeouts_of_the_link_are_parameters() -> None:
    """They have the names of those of a bridge."""
    found = settings(
        cameras=['a'],
        link__heartbeat_period_s=0.2,
        link__timeout_s=1.0,
        link__reconnect_min_s=0.1,
        link__reconnect_max_s=0.3,
    )

    assert (found.timing.heartbeat_period_s, found.timing.timeout_s) == (0.2, 1.0)
    assert found.pauses_s == (0.1, 0.3)


def test_the_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TURN server needs them, and no parameter contains them."""
    monkeypatch.setenv(USERNAME_VARIABLE, 'me')
    monkeypatch.setenv(PASSWORD_VARIABLE, 'secret')

    found = settings(cameras=['a'], ice_servers=['turn:x'], ice_transport_policy='relay')

    assert found.ice_urls == ('turn:x',)
    assert 'secret' not in repr(found)

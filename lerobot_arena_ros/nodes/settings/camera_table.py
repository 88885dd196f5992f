# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The table of the parameters of arena_camera: name, default, description, unit and range.

``docs/reference/parameters.md`` and ``config/cameras.yaml`` repeat this table. A test compares all
three.
"""

from __future__ import annotations

from dataclasses import replace

from . import parameter_table
from .specs import ParameterTable, Spec

__all__ = ['CAMERAS', 'CAMERA_SPECS', 'SPECS']

_OF_BRIDGE = {spec.name: spec for spec in parameter_table.SPECS}

SPECS: tuple[Spec, ...] = (
    _OF_BRIDGE['server_url'],
    _OF_BRIDGE['ca_file'],
    Spec('workspace_id', 'default-workspace', 'Workspace of all rooms.'),
    Spec(
        'cameras',
        (),
        'Names of the cameras, such as front and wrist. A name has letters, digits and '
        'underscores, because topics contain it.',
    ),
    Spec(
        'create_missing_rooms',
        'send',
        'Which missing rooms the node creates: none, those of the cameras that it sends, or all. '
        'It never changes a room that exists.',
        choices=('none', 'send', 'both'),
    ),
    Spec(
        'ice_servers',
        (),
        'STUN and TURN servers, such as stun:host:3478 or turn:host:3478?transport=udp. Pictures '
        'do not pass the arena server, so these are needed between two networks. The credentials '
        'for TURN are read from environment variables. Empty: none.',
    ),
    Spec(
        'ice_transport_policy',
        'all',
        'Which ways pictures may take: all, or only through a TURN server (relay).',
        choices=('all', 'relay'),
    ),
    # Longer than those of a bridge, because pictures do not pass the server, and because all
    # viewers have to be connected again after a link was lost.
    replace(_OF_BRIDGE['link.heartbeat_period_s'], default=5.0),
    replace(_OF_BRIDGE['link.timeout_s'], default=15.0),
    _OF_BRIDGE['link.reconnect_min_s'],
    _OF_BRIDGE['link.reconnect_max_s'],
    _OF_BRIDGE['autostart'],
)

CAMERA_SPECS: tuple[Spec, ...] = (
    Spec(
        'mode',
        'send',
        'Whether the node sends the pictures of a topic to a room (send), or publishes the '
        'pictures of a room (receive).',
        choices=('send', 'receive'),
    ),
    Spec('room_id', '', 'Room of the camera. Empty: the name of the camera.'),
    Spec(
        'topic',
        '',
        'Topic of the pictures. Empty: <camera>/image_raw.',
    ),
    Spec(
        'transport',
        'raw',
        'Message type of the pictures: sensor_msgs/Image on the topic (raw), or '
        'sensor_msgs/CompressedImage on <topic>/compressed (compressed). A received camera may be '
        'published as both.',
        choices=('raw', 'compressed', 'both'),
    ),
    Spec(
        'max_rate_hz',
        30.0,
        'Maximum number of pictures sent per second. Of pictures that arrive faster, some are '
        'dropped. 0: unlimited.',
        'Hz',
        0.0,
        240.0,
    ),
    Spec(
        'codec',
        'vp8',
        'Codec of a camera that is sent. Browsers decode both.',
        choices=('vp8', 'h264'),
    ),
    Spec(
        'max_bitrate',
        1_000_000.0,
        'Bitrate of a camera that is sent.',
        'bit/s',
        50_000.0,
        50_000_000.0,
    ),
    Spec(
        'min_bitrate',
        150_000.0,
        'Lowest bitrate that is used when viewers lose packets.',
        'bit/s',
        50_000.0,
        50_000_000.0,
    ),
    Spec(
        'key_frame_period_s',
        2.0,
        'Longest time between two key frames. A viewer that has lost a picture sees no correct '
        'one before the next key frame.',
        's',
        0.1,
        60.0,
    ),
    Spec(
        'max_picture_age_s',
        1.0,
        'A camera whose newest picture is older than this is reported in the diagnostics.',
        's',
        0.05,
        3600.0,
    ),
    Spec(
        'required_viewer',
        '',
        'Beginning of the participant id of the viewer whose pictures count for '
        'consume.require_cameras of a bridge, such as that of the policy that drives. Empty: any '
        'viewer.',
    ),
    Spec(
        'frame_id',
        '',
        'frame_id of the published pictures. Empty: the name of the camera.',
    ),
    Spec(
        'encoding',
        'rgb8',
        'encoding of the published sensor_msgs/Image.',
        choices=('rgb8', 'bgr8', 'mono8'),
    ),
    Spec(
        'jpeg_quality',
        80.0,
        'Quality of the published sensor_msgs/CompressedImage, which is a JPEG.',
        '',
        1.0,
        100.0,
    ),
)

CAMERAS = ParameterTable(
    nodes=('arena_camera',),
    specs=SPECS,
    items='cameras',
    item_map='camera_map',
    item='camera',
    item_specs=CAMERA_SPECS,
)
"""All parameters of arena_camera."""

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The parameters that follow from the session of an AI policy; does not import launch or rclpy."""

from __future__ import annotations

from collections.abc import Sequence

from .launch_rules import LaunchError

__all__ = ['names_in', 'session_parameters']

_NEVER_CREATED = {'create_missing_rooms': 'none'}
"""The public server disconnects all participants of a room that is created again."""


def names_in(argument: str) -> list[str]:
    """Return the names in a launch argument such as ``[front, wrist]`` or ``front,wrist``."""
    names = argument.strip().removeprefix('[').removesuffix(']').split(',')
    return [name.strip().strip('\'"') for name in names if name.strip()]


def session_parameters(
    session: str, cameras: Sequence[str], topics: Sequence[str] = ()
) -> tuple[dict[str, object], dict[str, object]]:
    """
    Return the parameters of the bridge, and those of the cameras.

    :param session: the id of the session, with which the names of its rooms begin.
    :param cameras: the names of the policy's cameras.
    :param topics: the topic of each camera, in the same order; empty: ``<camera>/image_raw``.
    :raises LaunchError: the session has no name, a camera is there twice, or topics are missing.
    """
    if not session:
        raise LaunchError(
            'session is empty: expected the id of the session, as the inference server returned it'
        )
    if len(set(cameras)) != len(cameras):
        raise LaunchError(f'cameras is {", ".join(cameras)}: expected each name once')
    if topics and len(topics) != len(cameras):
        raise LaunchError(
            f'camera_topics has {len(topics)} topics, and cameras has {len(cameras)} names: '
            'expected one topic for each camera, in the same order'
        )
    bridge: dict[str, object] = {
        'produce.room_id': f'{session}-joint-input',
        'consume.room_id': f'{session}-joint-output',
        'consume.require_cameras': list(cameras),
        **_NEVER_CREATED,
    }
    camera: dict[str, object] = {'cameras': list(cameras), **_NEVER_CREATED}
    for name in cameras:
        camera[f'camera_map.{name}.room_id'] = f'{session}-{name}'
        # Another viewer, such as a console, must not hide that the policy sees nothing.
        camera[f'camera_map.{name}.required_viewer'] = f'{session}-{name}-consumer'
    for name, topic in zip(cameras, topics, strict=False):
        camera[f'camera_map.{name}.topic'] = topic
    return bridge, camera

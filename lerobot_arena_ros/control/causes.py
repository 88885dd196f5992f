# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The texts for why a robot is not commanded or not sent, and what the user can do. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .gate_settings import GateJoint

__all__ = [
    'CONNECTING',
    'INACTIVE',
    'LIVE',
    'LOOKING',
    'NOBODY',
    'NO_JOINTS',
    'NO_PRODUCER',
    'NO_UPDATE',
    'NORMAL_CAUSES',
    'RELEASED',
    'late',
    'lossy',
    'no_camera_node',
    'no_picture',
    'no_publisher',
    'no_subscriber',
    'nonfinite',
    'not_matched',
    'not_measured',
    'paused',
    'picture_ahead',
    'several_camera_nodes',
    'silent_server',
    'unjoined',
    'without_control',
]

INACTIVE = 'inactive: activate the node (ros2 lifecycle set NODE activate)'
LIVE = 'live'
LOOKING = 'looking for other nodes that command the robot'
NO_JOINTS = 'no joints are known: list them in joints, or publish robot_description'
NO_PRODUCER = 'the room has no producer: start the leader, or drive from the console'
NO_UPDATE = 'waiting for a live update: move the leader, or a joint in the console'
NOBODY = 'nobody has control of the room: take it in the console, or with a policy or a leader'
RELEASED = (
    'control was released at the robot: take it again; a driver that still has it has to release'
    ' it first'
)
CONNECTING = 'connecting to the room'

NORMAL_CAUSES = frozenset(
    {INACTIVE, LOOKING, NO_PRODUCER, NO_UPDATE, NOBODY, RELEASED, CONNECTING}
)
"""Causes of a normal wait: nothing is wrong."""


def no_publisher(topic: str) -> str:
    """Return the cause when ``joint_states`` has no publisher."""
    return (
        f'nothing publishes joint_states on {topic}: start the driver of the robot, or remap '
        'joint_states'
    )


def not_measured(names: Sequence[str]) -> str:
    """Return the cause when some joints were never measured."""
    return (
        f'no joint_states of {", ".join(names)} yet: check the driver, and the names of the joints'
    )


def not_matched(joint: GateJoint, distance: float) -> str:
    """
    Return the cause when a new source of updates has to match the pose of the robot.

    :param distance: how far the joint of the source is away, in radians or metres.
    """
    unit = 'm' if joint.is_sliding else 'rad'
    return (
        f'hand-over: bring {joint.name} within {joint.handover_tolerance:g} {unit} of the robot: '
        f'it is {distance:.3g} {unit} away'
    )


def no_subscriber(topic: str) -> str:
    """Return the cause when the commands have no subscriber."""
    return (
        f'nothing subscribes to {topic}: start the controller of the robot, or remap '
        'joint_commands'
    )


def no_picture(camera: str, age_s: float | None) -> str:
    """
    Return the cause when a required camera shows nothing new.

    :param age_s: the age of its newest picture that a viewer got; None: there was none.
    """
    if age_s is None:
        return f'no viewer has a picture of the camera {camera}: start it, and who drives by it'
    return f'the newest picture that a viewer has of the camera {camera} is {age_s:.1f} s old'


def no_camera_node(camera: str) -> str:
    """Return the cause when no node reports pictures of a required camera."""
    return (
        f'nothing reports pictures of the camera {camera}: start arena_camera with this camera in '
        'the namespace of the bridge'
    )


def several_camera_nodes(camera: str, names: Sequence[str]) -> str:
    """
    Return the cause when several nodes report pictures of one required camera.

    :param names: their names, one for each publisher.
    """
    same_name = ''
    if len(set(names)) < len(names):
        same_name = ' (DDS lists a killed node for some 20 s)'
    return (
        f'several nodes report pictures of the camera {camera}: {", ".join(names)}'
        f'{same_name}; give each robot a namespace of its own, or end all but one'
    )


def picture_ahead(camera: str, ahead_s: float) -> str:
    """
    Return the cause when the age of the pictures of a required camera is not known.

    :param ahead_s: how far its stamps are in the future.
    """
    return (
        f'the stamps of the camera {camera} are {ahead_s:.1f} s in the future: synchronise the '
        'clocks of the camera and of the bridge'
    )


def unjoined(trouble: str) -> str:
    """Return the cause when the room is not joined."""
    return f'not in the room: {trouble}; trying until it works'


def without_control(holder: str | None, *, can_take: bool) -> str:
    """
    Return why the updates of a leader have no effect.

    :param holder: who has control of the room; None = nobody.
    :param can_take: whether the room permits to take it.
    """
    who = holder or 'nobody'
    remedy = 'call ~/take_control' if can_take else 'it has to release control first'
    return f'what is sent has no effect: {who} has control of the room; {remedy}'


def silent_server(silent_s: float) -> str:
    """Return the cause when no message of the server arrived for this long."""
    return f'no message from the server for {silent_s:g} s: check the network and the server'


def late(delay_s: float | None, longest_s: float) -> str | None:
    """
    Return the cause when the link is too slow; None if it is not, or if the delay is unknown.

    :param delay_s: the round-trip time.
    :param longest_s: the longest round-trip time that is allowed.
    """
    if delay_s is None or delay_s <= longest_s:
        return None
    return (
        f'the link is late: a round trip takes {delay_s:.2f} s, link.max_delay_s is'
        f' {longest_s:g}; check the network'
    )


def lossy(loss: float) -> str:
    """
    Return the fault of a link whose lane loses many datagrams.

    :param loss: the fraction of pings without an answer.
    """
    return (
        f'the network loses datagrams: {loss:.0%} of the pings of the fast lane have no answer;'
        ' check the Wi-Fi'
    )


def nonfinite(name: str, position: float) -> str:
    """Return the cause when a measured position is not finite."""
    return f'{name} is measured at {position}: check the driver'


def paused(paused_s: float) -> str:
    """Return the cause when the process does not run its ROS callbacks."""
    return (
        f'the ROS callbacks of this process have not run for {paused_s:.1f} s: check its machine'
    )

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The table of the bridge's parameters: name, default, description, unit and range.

``docs/reference/parameters.md`` and ``config/bridge.yaml`` repeat this table. A test compares all
three.
"""

from __future__ import annotations

from .specs import ParameterTable, Spec

__all__ = ['BRIDGE', 'JOINT_SPECS', 'SPECS']

SPECS: tuple[Spec, ...] = (
    Spec(
        'server_url',
        'http://localhost:8000',
        'URL of the arena server. A path such as /api is kept. Connections to another machine use '
        'the proxy in http_proxy, https_proxy or all_proxy, unless no_proxy lists that machine.',
    ),
    Spec(
        'ca_file',
        '',
        'PEM file with the certificate authorities that are trusted for https, instead of those '
        'of the system. Empty: those of the system.',
    ),
    Spec('workspace_id', 'default-workspace', 'Workspace of both rooms.'),
    Spec(
        'units',
        '',
        'Unit of the joint values in the rooms. There is no default, because a value in the wrong '
        'unit moves the arm to a wrong position without an error.',
        choices=('degrees', 'radians', 'normalized'),
    ),
    Spec(
        'joints',
        (),
        'ROS names of the joints, in the order of the commands. Empty: the joints of the first '
        'robot_description. Until it arrives, all joints are produced if the unit is radians, '
        'and none otherwise.',
    ),
    Spec(
        'produce.room_id',
        '',
        'Room that joint_states are sent to. Empty: the bridge does not produce.',
    ),
    Spec(
        'produce.role',
        'producer',
        'How the bridge sends to its room. A producer drives from the join on if nobody else has '
        'control. An operator may be there beside the producer and other operators. It drives '
        'after the service ~/take_control, or when another driver gives it control.',
        choices=('producer', 'operator'),
    ),
    Spec(
        'produce.max_rate_hz',
        50.0,
        'Maximum number of updates sent per second. If joint_states arrive faster, only the '
        'newest is sent. 0: unlimited.',
        'Hz',
        0.0,
        5000.0,  # The arena's default limit of messages per second from one participant.
        dynamic=True,
    ),
    Spec(
        'produce.deadband',
        0.0,
        'No update is sent while the position of each joint differs from the last one sent by no '
        'more than this.',
        'rad or m',
        0.0,
        10.0,
    ),
    Spec(
        'produce.max_input_age_s',
        0.5,
        'A JointState is dropped if its stamp differs from the clock by more than this, or if the '
        'stamp has not changed for longer than this. 0: none is dropped.',
        's',
        0.0,
        3600.0,
    ),
    Spec(
        'consume.room_id',
        '',
        'Room that joint_commands come from. Empty: the bridge does not consume.',
    ),
    Spec(
        'consume.command_interface',
        'joint_state',
        'Message type of joint_commands. forward_command needs the parameter joints, because its '
        'messages contain no joint names.',
        choices=('joint_state', 'forward_command', 'joint_trajectory'),
    ),
    Spec(
        'consume.on_state_sync',
        'align',
        'How the pose is used that the room sends when the bridge joins. It starts no motion. If '
        'require_feedback is never, it is the first command of joints without a live update '
        '(align), or it is ignored (ignore). Otherwise it is always ignored.',
        choices=('align', 'ignore'),
    ),
    Spec(
        'consume.require_feedback',
        'always',
        'Whether fresh joint_states are needed to move the robot. Without joint_states, the first '
        'command is the position that the room requests. Received joint_states are used in both '
        'cases.',
        choices=('always', 'never'),
    ),
    Spec(
        'consume.max_feedback_age_s',
        0.5,
        'Maximum age of joint_states; older ones are ignored. The age is measured from the stamp, '
        'or from the arrival of a message without a stamp.',
        's',
        0.01,
        60.0,
    ),
    Spec(
        'consume.max_measured_velocity',
        0.0,
        'If the measured velocity of a joint is higher than this, the measurements are wrong: the '
        'robot is not moved until they have been plausible for half a second. Prismatic joints: a '
        'tenth of it, in m/s. 0: four times the velocity limit of the joint, at least 4 rad/s.',
        'rad/s',
        0.0,
        1000.0,
    ),
    Spec(
        'consume.limit_tolerance',
        0.1,
        'A joint is not moved if it is measured outside its limits by more than this. Prismatic '
        'joints: a tenth of it, in m.',
        'rad',
        0.0,
        10.0,
    ),
    Spec(
        'consume.require_limits',
        'always',
        'Whether a joint needs position limits to be commanded. Limits come from '
        'robot_description or from joint_map.<joint>.min and .max. A continuous joint and a joint '
        'with joint_map.<joint>.unlimited need none.',
        choices=('always', 'never'),
    ),
    Spec(
        'consume.allow_other_publishers',
        False,
        'Whether the bridge commands the robot while another node publishes on its command topic.',
    ),
    Spec(
        'consume.require_producer',
        True,
        'Whether to hold while the room has no producer. false: also accept commands that arrive '
        'over REST only.',
    ),
    Spec(
        'consume.require_cameras',
        (),
        'Cameras of this robot without which it is not moved. It holds while no viewer gets new '
        'pictures of one of them: arena_camera reports on <camera>/delivered_pictures which it '
        'has delivered. Empty: none.',
    ),
    Spec(
        'consume.max_picture_age_s',
        1.0,
        'Maximum age of the newest picture of each camera in require_cameras.',
        's',
        0.05,
        60.0,
    ),
    Spec(
        'consume.max_velocity',
        2.0,
        'Maximum velocity of the commands. Prismatic joints: a tenth of it, in m/s.',
        'rad/s',
        0.001,
        100.0,
        dynamic=True,
    ),
    Spec(
        'consume.max_acceleration',
        20.0,
        'Maximum acceleration and deceleration of the commands. Prismatic joints: a tenth of it, '
        'in m/s^2. 0: unlimited.',
        'rad/s^2',
        0.0,
        10000.0,
    ),
    Spec(
        'consume.max_lead',
        0.1,
        'Maximum distance between the command of a joint and its measured position while it is at '
        'rest. Prismatic joints: a tenth of it, in m. 0: unlimited.',
        'rad',
        0.0,
        10.0,
    ),
    Spec(
        'consume.lead_time_s',
        0.15,
        'For a moving joint, the distance that it covers in this time is added to '
        'consume.max_lead.',
        's',
        0.0,
        2.0,
    ),
    Spec(
        'consume.stall_s',
        1.0,
        'An emergency stop is triggered if a joint does not follow for this time while its '
        'command is at the maximum lead. 0: never.',
        's',
        0.0,
        60.0,
    ),
    Spec(
        'consume.on_hold',
        'brake',
        'What happens to a motion when the link, the producer, the control or the updates are '
        'lost, or when another source does not match: the commands decelerate and then end '
        '(brake), or end at once (freeze). They end at once in any case if the measurements '
        'cannot be trusted.',
        choices=('brake', 'freeze'),
    ),
    Spec(
        'consume.on_stop',
        'freeze',
        'The same for an emergency stop. brake is for arms whose drives report a fault if the '
        'commands end during a motion.',
        choices=('freeze', 'brake'),
    ),
    Spec(
        'consume.on_handover',
        'approach',
        'What happens when another participant begins to drive, for example a person who takes '
        'control from a policy. approach: the robot moves slowly to the values of the new driver. '
        'hold: the robot does not move until these values match its pose; this also applies to '
        'the first driver.',
        choices=('approach', 'hold'),
    ),
    Spec(
        'consume.handover_tolerance',
        0.1,
        'How near each joint of another source has to be to that of the robot, for '
        'consume.on_handover = hold. Prismatic joints: a tenth of it, in m.',
        'rad',
        0.001,
        3.2,
    ),
    Spec(
        'consume.start_velocity',
        0.5,
        'Maximum velocity at the moment when a motion starts or resumes.',
        'rad/s',
        0.001,
        100.0,
    ),
    Spec(
        'consume.start_seconds',
        2.0,
        'Time in which the limit rises from start_velocity to max_velocity.',
        's',
        0.0,
        60.0,
    ),
    Spec(
        'consume.ramp_rate_hz',
        100.0,
        'Commands per second while a motion continues after the last update.',
        'Hz',
        1.0,
        1000.0,
    ),
    Spec(
        'consume.command_timeout_s',
        0.0,
        'Hold if no update arrives for this time. 0: off, because an operator who does not move '
        'sends no updates.',
        's',
        0.0,
        3600.0,
    ),
    Spec('link.heartbeat_period_s', 0.5, 'Time between two heartbeats.', 's', 0.05, 60.0),
    Spec(
        'link.timeout_s',
        1.5,
        'The link counts as lost if nothing arrives for this time, or if a heartbeat is not '
        'answered within it, because other messages are then equally late. At least twice the '
        'heartbeat period.',
        's',
        0.1,
        120.0,
    ),
    Spec(
        'link.max_delay_s',
        0.5,
        'Maximum round-trip time to the server. While it is longer, the robot is not moved and '
        'no updates are sent.',
        's',
        0.01,
        120.0,
    ),
    Spec(
        'link.on_loss',
        'hold',
        'What happens when a link is lost: commands end (hold), or a latched emergency stop '
        '(emergency_stop).',
        choices=('hold', 'emergency_stop'),
    ),
    Spec(
        'link.fast_lane',
        'auto',
        'Whether joint updates and stops also take a lane of UDP datagrams, which does not wait '
        'for lost packets: if the server has lanes and UDP passes (auto), or never.',
        choices=('auto', 'never'),
    ),
    Spec(
        'link.reconnect_min_s',
        0.5,
        'Delay before the first attempt to reconnect.',
        's',
        0.05,
        60.0,
    ),
    Spec(
        'link.reconnect_max_s',
        10.0,
        'Maximum delay between attempts to reconnect.',
        's',
        0.05,
        600.0,
    ),
    Spec(
        'create_missing_rooms',
        'produce',
        'Which missing rooms the bridge creates. It never changes a room that exists.',
        choices=('none', 'produce', 'both'),
    ),
    Spec('autostart', True, 'Whether the node configures and activates itself.'),
    Spec('estop_on_start', False, 'Start with the emergency stop latched.'),
    Spec(
        'emergency_stop.allow_remote_reset',
        False,
        'Whether a participant of a room, such as the console, may reset the emergency stop.',
    ),
)

JOINT_SPECS: tuple[Spec, ...] = (
    Spec('arena_name', '', 'Name of the joint in the room. Empty: its ROS name.'),
    Spec(
        'unit',
        '',
        'Unit of the joint in the room. Empty: the value of units, but percent (0..100) for a '
        'normalized joint whose arena name is gripper or jaw.',
        choices=('', 'degrees', 'radians', 'normalized', 'percent', 'metres'),
    ),
    Spec('min', float, 'Lower limit. Not set: the limit in robot_description.', 'rad or m'),
    Spec('max', float, 'Upper limit. Not set: the limit in robot_description.', 'rad or m'),
    Spec('invert', False, 'Whether the value in the room increases in the opposite direction.'),
    Spec('offset', 0.0, 'Added to the position.', 'rad or m', -1000.0, 1000.0),
    Spec(
        'max_velocity',
        float,
        'Velocity limit of this joint. The smallest of this, consume.max_velocity and the limit '
        'in robot_description applies.',
        'rad/s or m/s',
        0.001,
        100.0,
    ),
    Spec(
        'max_acceleration',
        float,
        'Replaces consume.max_acceleration for this joint.',
        'rad/s^2 or m/s^2',
        0.0,
        10000.0,
    ),
    Spec(
        'max_lead',
        float,
        'Replaces consume.max_lead for this joint. For a gripper, it limits the grip force.',
        'rad or m',
        0.0,
        10.0,
    ),
    Spec(
        'stall_s',
        float,
        'Replaces consume.stall_s for this joint. 0: never, as needed for a gripper that holds '
        'an object.',
        's',
        0.0,
        60.0,
    ),
    Spec(
        'unlimited',
        False,
        'Whether the joint may be commanded although it has no position limits, or no range in '
        'robot_description (lower = upper).',
    ),
)

_REMOVED = (
    ('executor', None, 'delete it, because the bridge chooses the executor itself'),
    (
        'consume.require_feedback',
        'auto',
        'expected always, or never for a robot that publishes no joint_states',
    ),
    (
        'consume.on_state_sync',
        'command',
        'expected align or ignore, because only live updates move the robot',
    ),
)

BRIDGE = ParameterTable(
    nodes=('arena_bridge', 'arena_producer', 'arena_consumer'),
    specs=SPECS,
    items='joints',
    item_map='joint_map',
    item='joint',
    item_specs=JOINT_SPECS,
    groups=('produce.', 'consume.'),
    removed=_REMOVED,
)
"""All parameters of a bridge."""

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Frozen dataclasses with the settings of the bridge, built from checked parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math
from typing import Any

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.session import LinkTiming
from lerobot_arena_ros.control.gate_settings import (
    GateJoint,
    GateSettings,
    Halt,
    Handover,
)
from lerobot_arena_ros.control.joint_map import Joint, JointMap, unit_of
from lerobot_arena_ros.control.slew import VelocityRamp
from lerobot_arena_ros.control.units import Unit

from .server_settings import read_access, read_address, read_pauses, read_timing
from .specs import ParameterError
from .topics import check_camera_names

__all__ = [
    'PAUSE_S',
    'BridgeSettings',
    'CommonLimits',
    'ConsumeSettings',
    'LinkSettings',
    'ProduceSettings',
]

PAUSE_S = 1.0
"""
After a longer pause of the ROS callbacks, DDS may have dropped a stop because a queue was full.

The value is shorter than the default of ``link.timeout_s``. If many joint_states arrive, a shorter
pause counts (:data:`lerobot_arena_ros.control.pauses.BACKLOG`).
"""

PRISMATIC_SCALE = 0.1
"""Factor from a common limit to that of a prismatic joint, in m per rad or m/s per rad/s."""

MEASURED_FACTOR = 4.0
"""Default for the highest measured velocity of a joint, as a multiple of its velocity limit."""

LOWEST_VELOCITY = 1.0
"""
Lowest velocity limit for that default, in rad/s.

A person who moves the joint by hand, or a motion whose limit has just been lowered, reaches it.
"""


@dataclass(frozen=True)
class ProduceSettings:
    """The settings of the producer; see the parameters ``produce.*``."""

    room_id: str
    max_rate_hz: float
    deadband: float
    max_input_age_s: float
    create_room: bool
    is_operator: bool


@dataclass(frozen=True)
class CommonLimits:
    """The limits that all joints share; see the parameters ``consume.*_velocity`` and others."""

    velocity: float
    start_velocity: float
    start_s: float
    acceleration: float
    lead: float
    lead_time_s: float
    stall_s: float
    measured_velocity: float
    tolerance: float
    handover_tolerance: float

    def warnings(self, joints: Iterable[Joint]) -> list[str]:
        """Return a warning for each limit that the user has switched off."""
        common = {
            'max_acceleration': (self.acceleration, 'commands accelerate without a limit'),
            'max_lead': (self.lead, 'commands go on however far behind the arm is'),
        }
        lines = [
            f'consume.{name} is 0: {text}' for name, (value, text) in common.items() if not value
        ]
        return lines + [
            f'joint_map.{joint.name}.{name} is 0: {text}'
            for joint in joints
            for name, (_, text) in common.items()
            if getattr(joint, name) == 0.0
        ]

    def gate_joint(self, joint: Joint) -> GateJoint:
        """Return the gate's settings for a joint; the smallest velocity limit applies."""
        share = PRISMATIC_SCALE if joint.prismatic else 1.0
        velocities = [self.velocity * share]
        if joint.max_velocity is not None:
            velocities.append(joint.max_velocity)
        velocity = min(velocities)
        # A locked joint is held at its measured position, which may differ from its only allowed
        # position.
        lower, upper = (None, None) if joint.is_locked else (joint.lower, joint.upper)
        return GateJoint(
            joint.name,
            lower,
            upper,
            VelocityRamp(self.start_velocity * share, velocity, self.start_s),
            max_acceleration=_limit(joint.max_acceleration, self.acceleration * share),
            max_lead=_limit(joint.max_lead, self.lead * share),
            lead_time_s=self.lead_time_s,
            stall_s=math.inf if joint.is_locked else _limit(joint.stall_s, self.stall_s),
            max_measured_velocity=self.measured_velocity * share
            or MEASURED_FACTOR * max(velocity, LOWEST_VELOCITY * share),
            limit_tolerance=self.tolerance * share,
            handover_tolerance=self.handover_tolerance * share,
            is_continuous=joint.continuous,
            is_sliding=joint.prismatic,
            is_held=joint.is_locked,
        )


def _limit(own: float | None, common: float) -> float:
    """Return a joint's own limit or else the common one; 0 stands for no limit."""
    return (common if own is None else own) or math.inf


@dataclass(frozen=True)
class ConsumeSettings:
    """The settings of the consumer; see the parameters ``consume.*``."""

    room_id: str
    command_interface: str
    limits: CommonLimits
    gate: GateSettings
    require_limits: bool
    allow_other_publishers: bool
    create_room: bool


@dataclass(frozen=True)
class LinkSettings:
    """The settings of both links; see the parameters ``link.*``."""

    timing: LinkTiming
    stop_on_loss: bool
    reconnect_min_s: float
    reconnect_max_s: float
    fast_lane: bool


@dataclass(frozen=True)
class BridgeSettings:
    """
    All settings of a bridge.

    :param access: the token from the environment, and the trusted certificate authorities.
    :param produce: settings of the producer; None: the bridge does not produce.
    :param consume: settings of the consumer; None: the bridge does not consume.
    """

    address: Address
    access: Access
    workspace_id: str
    joint_map: JointMap
    produce: ProduceSettings | None
    consume: ConsumeSettings | None
    link: LinkSettings
    autostart: bool
    estop_on_start: bool
    allow_remote_reset: bool

    @classmethod
    def of(
        cls, values: Mapping[str, Any], joints: Mapping[str, Mapping[str, Any]]
    ) -> BridgeSettings:
        """
        Build the settings from checked values.

        :param values: values by parameter name.
        :param joints: for each joint, its values by the name after ``joint_map.<joint>.``.
        :raises ParameterError: two values contradict each other.
        """
        _check_rooms(values)
        _check_names(values)
        _check_handover(values)
        if not values['units']:
            raise ParameterError(
                "parameter units is not set: expected one of 'degrees', 'radians', 'normalized', "
                'the unit of the values in the room'
            )
        address = read_address(values['server_url'])
        return cls(
            address=address,
            access=read_access(address, values['ca_file']),
            workspace_id=values['workspace_id'],
            joint_map=_joint_map(Unit(values['units']), joints),
            produce=_produce(values) if values['produce.room_id'] else None,
            consume=_consume(values) if values['consume.room_id'] else None,
            link=_link(values),
            autostart=values['autostart'],
            estop_on_start=values['estop_on_start'],
            allow_remote_reset=values['emergency_stop.allow_remote_reset'],
        )


def _check_rooms(values: Mapping[str, Any]) -> None:
    produce, consume = values['produce.room_id'], values['consume.room_id']
    if not produce and not consume:
        raise ParameterError(
            'no room is named: set produce.room_id (launch: produce_room:=ID) to send '
            'joint_states, consume.room_id (launch: consume_room:=ID) to receive joint_commands; '
            'see --help'
        )
    if produce == consume:
        raise ParameterError(
            f'produce.room_id and consume.room_id are both {produce!r}: expected two rooms, '
            'because the robot would follow itself'
        )
    if not values['workspace_id']:
        raise ParameterError("parameter workspace_id = '': expected the name of a workspace")


def _check_names(values: Mapping[str, Any]) -> None:
    interface = values['consume.command_interface']
    if values['consume.room_id'] and interface == 'forward_command' and not values['joints']:
        raise ParameterError(
            f"parameters consume.command_interface = '{interface}' and joints = []: expected "
            'joints in the order of the controller, because its commands contain no joint names'
        )


def _check_handover(values: Mapping[str, Any]) -> None:
    is_blind = values['consume.require_feedback'] == 'never'
    if values['consume.room_id'] and values['consume.on_handover'] == 'hold' and is_blind:
        raise ParameterError(
            "parameters consume.on_handover = 'hold' and consume.require_feedback = 'never': "
            "expected 'always', because a source is compared with the measured pose"
        )


def _joint_map(units: Unit, joints: Mapping[str, Mapping[str, Any]]) -> JointMap:
    try:
        # Joints that are not in the list are accepted only if the list is empty.
        return JointMap(
            (_joint(name, units, values) for name, values in joints.items()),
            others=None if joints else units,
        )
    except ValueError as exc:
        raise ParameterError(f'parameter joints: {exc}') from exc


def _joint(name: str, units: Unit, values: Mapping[str, Any]) -> Joint:
    arena_name = values['arena_name'] or name
    unit = Unit(values['unit']) if values['unit'] else unit_of(arena_name, units)
    lower, upper = values['min'], values['max']
    if (lower is None) != (upper is None) or (lower is not None and not lower < upper):
        raise ParameterError(
            f'parameters joint_map.{name}.min = {lower} and .max = {upper}: expected both or '
            'none, and min < max'
        )
    if values['unlimited'] and lower is not None:
        raise ParameterError(
            f'parameters joint_map.{name}.unlimited = True and .min = {lower}: expected either '
            'limits or none'
        )
    return Joint(
        name,
        arena_name,
        unit,
        lower,
        upper,
        invert=values['invert'],
        offset=values['offset'],
        max_velocity=values['max_velocity'],
        max_acceleration=values['max_acceleration'],
        max_lead=values['max_lead'],
        stall_s=values['stall_s'],
        unlimited=values['unlimited'],
        prismatic=unit is Unit.METRES,
    )


def _produce(values: Mapping[str, Any]) -> ProduceSettings:
    return ProduceSettings(
        values['produce.room_id'],
        values['produce.max_rate_hz'],
        values['produce.deadband'],
        values['produce.max_input_age_s'],
        create_room=values['create_missing_rooms'] in ('produce', 'both'),
        is_operator=values['produce.role'] == 'operator',
    )


def _consume(values: Mapping[str, Any]) -> ConsumeSettings:
    check_camera_names('consume.require_cameras', values['consume.require_cameras'])
    return ConsumeSettings(
        values['consume.room_id'],
        values['consume.command_interface'],
        CommonLimits(
            values['consume.max_velocity'],
            values['consume.start_velocity'],
            values['consume.start_seconds'],
            values['consume.max_acceleration'],
            values['consume.max_lead'],
            values['consume.lead_time_s'],
            values['consume.stall_s'],
            values['consume.max_measured_velocity'],
            values['consume.limit_tolerance'],
            values['consume.handover_tolerance'],
        ),
        GateSettings(
            require_feedback=values['consume.require_feedback'] == 'always',
            align_to_room=values['consume.on_state_sync'] == 'align',
            max_feedback_age_s=values['consume.max_feedback_age_s'],
            require_producer=values['consume.require_producer'],
            ramp_period_s=1.0 / values['consume.ramp_rate_hz'],
            command_timeout_s=values['consume.command_timeout_s'],
            link_timeout_s=values['link.timeout_s'],
            max_delay_s=values['link.max_delay_s'],
            pause_s=PAUSE_S,
            require_cameras=tuple(values['consume.require_cameras']),
            max_picture_age_s=values['consume.max_picture_age_s'],
            on_hold=Halt(values['consume.on_hold']),
            on_stop=Halt(values['consume.on_stop']),
            on_handover=Handover(values['consume.on_handover']),
        ),
        require_limits=values['consume.require_limits'] == 'always',
        allow_other_publishers=values['consume.allow_other_publishers'],
        create_room=values['create_missing_rooms'] == 'both',
    )


def _link(values: Mapping[str, Any]) -> LinkSettings:
    shortest_s, longest_s = read_pauses(values)
    return LinkSettings(
        read_timing(values),
        values['link.on_loss'] == 'emergency_stop',
        shortest_s,
        longest_s,
        values['link.fast_lane'] == 'auto',
    )

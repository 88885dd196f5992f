# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The statuses on /diagnostics: links, producer, consumer, lifecycle, safety and mapping."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus

from lerobot_arena_ros.control.causes import LIVE, paused
from lerobot_arena_ros.control.condition import Condition, Level, fine
from lerobot_arena_ros.control.gate import State
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.readiness import LOCKED, mapping
from lerobot_arena_ros.control.stop import Stop

from ..runtime import node_log
from ..runtime.diagnostic_parts import Rates, seconds_since, status
from .bridge_sessions import BridgeSessions
from .command_consumer import CommandConsumer
from .joint_state_producer import JointStateProducer
from .room_link import RoomLink

__all__ = ['conditions', 'report']

MAX_ODD = 100
"""Longest list of joints with a fault in robot_description."""


def report(
    sessions: BridgeSessions | None,
    stop: Stop | None,
    joint_map: JointMap,
    *,
    rates: Rates,
    conditions: Mapping[str, Condition],
) -> list[DiagnosticStatus]:
    """
    Return all statuses of one node.

    :param sessions: None = nothing is configured.
    :param conditions: by the name of a status, see :func:`conditions`.
    """
    consumer = None if sessions is None else sessions.consumer
    values: dict[str, Mapping[str, object]] = {
        'safety': _of_safety(consumer, stop, conditions['names']),
        'mapping': _of_mapping(
            joint_map,
            in_room=set() if consumer is None else consumer.unknown,
            in_ros=set() if sessions is None else sessions.unmapped,
        ),
    }
    if sessions is not None:
        values |= {f'{each.name} link': _of_link(each) for each in sessions.links}
        if sessions.producer is not None:
            values['producing'] = _of_producer(sessions.producer, sessions.publishers, rates)
        if consumer is not None:
            values['consuming'] = _of_consumer(consumer, rates)
    return [
        status(name, condition, values.get(name, {}))
        for name, condition in conditions.items()
        if name != 'names'
    ]


def conditions(
    sessions: BridgeSessions | None,
    stop: Stop | None,
    joint_map: JointMap,
    now: float,
    *,
    lifecycle: Condition,
    names: Condition,
    paused_s: float | None,
) -> dict[str, Condition]:
    """
    Return the condition of each status, by its name; ``names`` has no status of its own.

    :param sessions: None = nothing is configured.
    :param now: in seconds of the steady clock.
    :param lifecycle: whether the node is active.
    :param names: whether the node is the only one of its name.
    :param paused_s: how long the callbacks of the ROS thread have not run; None while they do.
    """
    found: dict[str, Condition] = {}
    consumer = None
    if sessions is not None:
        consumer = sessions.consumer
        found |= {f'{each.name} link': each.condition(now) for each in sessions.links}
        if sessions.producer is not None:
            found['producing'] = sessions.producer.condition(now)
        if consumer is not None:
            found['consuming'] = consumer.condition(now)
    return {
        **found,
        'names': names,
        'lifecycle': lifecycle,
        'safety': _safety(sessions, consumer, stop, lifecycle, names, paused_s),
        'mapping': mapping(
            joint_map,
            in_room=set() if consumer is None else consumer.unknown,
            odd_in_room={} if consumer is None else consumer.odd,
            received_at=None if sessions is None else sessions.received_at,
            now=now,
        ),
    }


def _safety(
    sessions: BridgeSessions | None,
    consumer: CommandConsumer | None,
    stop: Stop | None,
    lifecycle: Condition,
    names: Condition,
    paused_s: float | None,
) -> Condition:
    """Return the condition of the gate and the emergency stop, and which other nodes interfere."""
    if stop is not None:
        return Condition(Level.ERROR, f'EMERGENCY STOP: {stop}')
    if not names.is_ok:
        return names
    if paused_s is not None:
        return Condition(Level.ERROR, paused(paused_s))
    if sessions is None:
        return lifecycle
    if consumer is None:
        return fine('no emergency stop')
    cause = consumer.cause
    if consumer.topic.others.conflict is not None:
        return Condition(Level.ERROR, consumer.topic.others.conflict)
    is_moving = consumer.state is State.ACTIVE and cause == LIVE
    text = f'{consumer.state.value}: {cause}'
    return fine(text) if is_moving else Condition(Level.WARN, text)


def _of_link(link: RoomLink) -> dict[str, object]:
    status = link.status
    round_trip = 'unknown' if status.round_trip_s is None else f'{status.round_trip_s * 1e3:.1f}'
    return {
        'room': status.room,
        'participant_id': status.joined_as or '',
        'joins': status.joins,
        'failed_attempts': status.failures,
        'last_loss': status.last_loss or 'none',
        'heard_frames': status.received,
        'round_trip_ms': round_trip,
        **link.control.values(),
        **link.lane.values(),
    }


def _of_producer(producer: JointStateProducer, publishers: int, rates: Rates) -> dict[str, object]:
    return {
        'sent': producer.sent,
        'rate_hz': rates.of('sent', producer.sent),
        'last_sent_s_ago': seconds_since(producer.sent_at),
        'joint_states_publishers': publishers,
        **_counts(producer.dropped),
    }


def _of_consumer(consumer: CommandConsumer, rates: Rates) -> dict[str, object]:
    topic = consumer.topic
    return {
        'commands': topic.commands,
        'rate_hz': rates.of('commands', topic.commands),
        'joint_commands_subscriptions': topic.subscribers,
        'other_publishers': ', '.join(topic.others.names) or 'none',
        'last_command_s_ago': seconds_since(topic.commanded_at),
        **_counts(consumer.dropped),
    }


def _of_safety(
    consumer: CommandConsumer | None, stop: Stop | None, names: Condition
) -> dict[str, object]:
    values: dict[str, object] = {
        'emergency_stop': stop is not None,
        'stop_source': stop.source if stop else '',
        'stop_reason': stop.reason if stop else '',
        'namesakes': 'none' if names.is_ok else names.text,
        'lost_log_lines': node_log.lost_lines(),
    }
    if consumer is not None:
        values['gate'] = consumer.state.value
        values['cause'] = consumer.cause
        values['clamped_values'] = consumer.clamped
        values['slowed_commands'] = consumer.limited
    return values


def _of_mapping(joint_map: JointMap, *, in_room: set[str], in_ros: set[str]) -> dict[str, str]:
    """
    Return all joints with what is known of each.

    :param in_room: names of the room that are not mapped.
    :param in_ros: names in joint_states that are not mapped.
    """
    values = {joint.name: f'{joint.arena_name} [{joint.unit.value}]' for joint in joint_map.joints}
    values |= {f'{name} (joint_states)': 'not mapped' for name in sorted(in_ros)}
    values |= {f'{name} (room)': 'not mapped' for name in sorted(in_room)}
    odd = list(joint_map.odd.items())[:MAX_ODD]
    values |= {f'{name} (robot_description)': fault for name, fault in odd}
    values |= {f'{name} (robot_description)': f'held: {LOCKED}' for name in joint_map.locked}
    return values


def _counts(dropped: Mapping[str, int]) -> dict[str, int]:
    return {f'dropped_{reason}': count for reason, count in dict(dropped).items()}

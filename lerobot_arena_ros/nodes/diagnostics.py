"""What goes on /diagnostics: one status for each link, each side, safety and the mapping."""

from __future__ import annotations

from collections.abc import Mapping
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from lerobot_arena_ros.control.gate import State
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.readiness import LOCKED, named
from lerobot_arena_ros.control.stop import Stop

from . import node_log
from .commander import Commander
from .left_out import shown
from .links import LinkStatus
from .sides import Sides
from .streamer import Streamer

__all__ = ['Rates', 'array', 'report']

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)

MAX_ODD = 100
"""So many joints with a fault in robot_description are listed."""


class Rates:
    """How often something happened lately, from counts that only grow."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float, float]] = {}

    def of(self, what: str, count: int) -> str:
        """Give the rate of ``what`` in Hz, over the last second or what has passed since."""
        now = time.monotonic()
        before, at, rate_hz = self._seen.setdefault(what, (count, now, 0.0))
        if now - at >= 1.0:
            rate_hz = (count - before) / (now - at)
            self._seen[what] = (count, now, rate_hz)
        return f'{rate_hz:.1f}'


def array(
    node_name: str, server: str, stamp: Any, parts: list[DiagnosticStatus]
) -> DiagnosticArray:
    """Put the statuses of one node into one message; the server stands for the hardware."""
    for part in parts:
        part.name = f'{node_name}: {part.name}'
        part.hardware_id = server
    message = DiagnosticArray(status=parts)
    message.header.stamp = stamp
    return message


def report(
    sides: Sides | None,
    stop: Stop | None,
    joint_map: JointMap,
    *,
    rates: Rates,
    namesakes: str | None,
) -> list[DiagnosticStatus]:
    """
    Tell of everything there is.

    :param sides: None where nothing is configured.
    :param namesakes: what is wrong where other nodes have this node's name, else None.
    """
    parts: list[DiagnosticStatus] = []
    if sides is not None:
        parts += [link(each.name, each.status) for each in sides.links]
        if sides.streamer is not None:
            parts.append(producing(sides.streamer, sides.publishers, rates))
        if sides.commander is not None:
            parts.append(consuming(sides.commander, rates))
    commander = None if sides is None else sides.commander
    in_room = set() if commander is None else commander.unknown
    in_ros = set() if sides is None else sides.unmapped
    odd = {} if commander is None else commander.odd
    return [*parts, safety(commander, stop, namesakes), mapping(joint_map, in_room, in_ros, odd)]


def link(name: str, status: LinkStatus) -> DiagnosticStatus:
    """Tell whether a room is joined, and if not, why; it is an error where the arena said no."""
    joined = status.joined_as is not None
    round_trip = 'unknown' if status.round_trip_s is None else f'{status.round_trip_s * 1e3:.1f}'
    return _status(
        f'{name} link',
        _link_level(status),
        status.late or 'joined' if joined else status.trouble or 'connecting',
        {
            'room': status.room,
            'participant_id': status.joined_as or '',
            'joins': status.joins,
            'failed_attempts': status.failures,
            'last_loss': status.last_loss or 'none',
            'heard_frames': status.heard,
            'round_trip_ms': round_trip,
        },
    )


def _link_level(status: LinkStatus) -> Any:
    if status.joined_as is not None and not status.late:
        return OK
    return ERROR if status.is_refused else WARN


def producing(streamer: Streamer, publishers: int, rates: Rates) -> DiagnosticStatus:
    """Tell whether measured positions go out."""
    age_s = _age_s(streamer.sent_at)
    values = {
        'sent': streamer.sent,
        'rate_hz': rates.of('sent', streamer.sent),
        'last_sent_s_ago': _seconds(age_s),
        'joint_states_publishers': publishers,
        **_counts(streamer.dropped),
    }
    if streamer.missing:
        text = f'no joint_states of {", ".join(streamer.missing)} yet'
        return _status('producing', STALE, text, values)
    if streamer.left_out.joints:
        text = f'left out of what is sent: {shown(streamer.left_out.joints)}'
        return _status('producing', WARN, text, values)
    if age_s is None:
        return _status('producing', STALE, 'nothing sent yet', values)
    if streamer.cause is not None:
        return _status('producing', WARN, f'nothing is sent: {streamer.cause}', values)
    if publishers > 1:
        return _status('producing', WARN, f'{publishers} publishers of joint_states', values)
    return _status('producing', OK, 'sending', values)


def consuming(commander: Commander, rates: Rates) -> DiagnosticStatus:
    """Tell whether commands come out, and whether anybody listens to them."""
    age_s = _age_s(commander.topic.commanded_at)
    values = {
        'commands': commander.topic.commands,
        'rate_hz': rates.of('commands', commander.topic.commands),
        'joint_commands_subscriptions': commander.topic.listeners,
        'other_publishers': ', '.join(commander.topic.others.names) or 'none',
        'last_command_s_ago': _seconds(age_s),
        **_counts(commander.dropped),
    }
    if age_s is None:
        return _status('consuming', STALE, 'no command yet', values)
    if not commander.topic.listeners:
        return _status('consuming', WARN, 'nobody listens to joint_commands', values)
    return _status('consuming', OK, 'commanding', values)


def safety(
    commander: Commander | None, stop: Stop | None, namesakes: str | None
) -> DiagnosticStatus:
    """Tell what the gate and the emergency stop do, and which other nodes interfere."""
    values: dict[str, object] = {
        'emergency_stop': stop is not None,
        'stop_source': stop.source if stop else '',
        'stop_reason': stop.reason if stop else '',
        'namesakes': namesakes or 'none',
        'lost_log_lines': node_log.lost_lines(),
    }
    if commander is not None:
        values['gate'] = commander.state.value
        values['cause'] = commander.cause
        values['clamped_values'] = commander.clamped
        values['slowed_commands'] = commander.limited
    if stop is not None:
        return _status('safety', ERROR, f'EMERGENCY STOP: {stop}', values)
    if namesakes is not None:
        return _status('safety', ERROR, namesakes, values)
    if commander is None:
        return _status('safety', OK, 'no emergency stop', values)
    if commander.topic.others.trouble is not None:
        return _status('safety', ERROR, commander.topic.others.trouble, values)
    level = OK if commander.state is State.ACTIVE else WARN
    return _status('safety', level, f'{commander.state.value}: {commander.cause}', values)


def mapping(
    joint_map: JointMap, in_room: set[str], in_ros: set[str], odd_in_room: Mapping[str, str]
) -> DiagnosticStatus:
    """
    Tell which joints are known on both sides.

    :param in_room: names that the room has and nobody maps.
    :param in_ros: names that joint_states has and nobody maps.
    :param odd_in_room: what is wrong with joints of the room that were left out.
    """
    values = {joint.name: f'{joint.arena_name} [{joint.unit.value}]' for joint in joint_map.joints}
    values |= {f'{name} (joint_states)': 'not mapped' for name in sorted(in_ros)}
    values |= {f'{name} (room)': 'not mapped' for name in sorted(in_room)}
    odd = list(joint_map.odd.items())[:MAX_ODD]
    values |= {f'{name} (robot_description)': fault for name, fault in odd}
    values |= {f'{name} (robot_description)': f'held: {LOCKED}' for name in joint_map.locked}
    if joint_map.unknown_range:
        names = ', '.join(joint_map.unknown_range)
        return _status('mapping', WARN, f'range unknown: {names}', values)
    if joint_map.faulty:
        faults = named([f'{name}: {joint_map.odd[name]}' for name in joint_map.faulty])
        return _status('mapping', WARN, f'robot_description has faults: {faults}', values)
    if joint_map.locked:
        text = f'held where they are: {named(joint_map.locked)}; {LOCKED}'
        return _status('mapping', WARN, text, values)
    if joint_map.needs_description:
        text = 'no joints are known: list them in joints, or publish robot_description'
        return _status('mapping', WARN, text, values)
    if odd_in_room:
        text = f'left out of what the room says: {shown(odd_in_room)}'
        return _status('mapping', WARN, text, values)
    if in_room:
        return _status('mapping', WARN, f'not mapped: {", ".join(sorted(in_room))}', values)
    count = len(joint_map.joints)
    text = f'{count} joints' if count else 'every joint passes under its own name'
    return _status('mapping', OK, text, values)


def _status(
    name: str, level: bytes, message: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(level=level, name=name, message=message, values=pairs)


def _counts(dropped: Mapping[str, int]) -> dict[str, int]:
    return {f'dropped_{reason}': count for reason, count in dict(dropped).items()}


def _age_s(moment: float | None) -> float | None:
    return None if moment is None else time.monotonic() - moment


def _seconds(age_s: float | None) -> str:
    return 'never' if age_s is None else f'{age_s:.2f}'

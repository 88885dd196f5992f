"""
The bridge's parameters, as data: name, default, description, unit, range.

``docs/reference/parameters.md`` and ``config/bridge.yaml`` say the same; a test
compares all three.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

__all__ = ['JOINT_SPECS', 'SPECS', 'ParameterError', 'Spec', 'Value']

Value = bool | float | str | list[str] | None
"""What a parameter may be; None only where a joint's number was not given."""

Sample = type[float] | bool | float | str | tuple[()]
"""A default: its type is the parameter's type."""


class ParameterError(ValueError):
    """A parameter with which the bridge must not run; the text is one line for the user."""


@dataclass(frozen=True)
class Spec:
    """
    One parameter.

    :param name: with dots; of a joint's parameter, the part after ``joint_map.<joint>.``.
    :param default: ``float`` (the type) is a number that may stay away; ``()`` an empty list.
    :param description: one sentence.
    :param unit: of the value; empty where it has none.
    :param lower: smallest number accepted.
    :param upper: largest number accepted.
    :param choices: all strings accepted; empty = any.
    :param dynamic: whether it may change while the node runs.
    """

    name: str
    default: Sample
    description: str
    unit: str = ''
    lower: float = -math.inf
    upper: float = math.inf
    choices: tuple[str, ...] = ()
    dynamic: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the value is a number."""
        return self.default is float or isinstance(self.default, float)

    @property
    def initial(self) -> Value:
        """The value of a parameter that nobody set; None for a number without a default."""
        if isinstance(self.default, tuple):
            return []
        return None if isinstance(self.default, type) else self.default

    @property
    def type_name(self) -> str:
        """The value's type, as ROS calls it."""
        if self.default == ():
            return 'string[]'
        return (
            'double' if self.is_number else 'bool' if self.default in (True, False) else 'string'
        )

    def check(self, value: object, *, name: str | None = None) -> Value:
        """
        Accept a value, an integer for a number included.

        :param name: the full name, where it is longer than the spec's.
        :raises ParameterError: it has the wrong type, is out of range, or is no choice.
        """
        if value is None and self.default in ((), float):
            return self.initial
        if self.default == ():
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                return list(value)
        elif self.is_number:
            if isinstance(value, int | float) and not isinstance(value, bool):
                number = float(value)
                if math.isfinite(number) and self.lower <= number <= self.upper:
                    return number
        elif isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
        elif isinstance(value, str) and (
            not self.choices or value in (*self.choices, self.default)
        ):
            return value
        raise ParameterError(
            f'parameter {name or self.name} = {value!r}: expected {self.expected()}'
        )

    def expected(self) -> str:
        """Say what is accepted."""
        if self.choices:
            return f'one of {", ".join(repr(choice) for choice in self.choices)}'
        if not self.is_number:
            return {'string[]': 'a list of strings', 'bool': 'true or false'}.get(
                self.type_name, 'a string, in quotes if it looks like a number'
            )
        if math.isfinite(self.upper):
            return f'a number from {self.lower:g} to {self.upper:g}'
        if math.isfinite(self.lower):
            return f'a number of at least {self.lower:g}'
        return 'a number'


SPECS: tuple[Spec, ...] = (
    Spec(
        'server_url',
        'http://localhost:8000',
        'The arena server; a path such as /api is kept. Another machine is reached through the '
        'proxy of http_proxy, https_proxy or all_proxy, unless no_proxy names it.',
    ),
    Spec(
        'ca_file',
        '',
        'PEM file with the only authorities to be trusted for https. Empty: those of the system.',
    ),
    Spec('workspace_id', 'default-workspace', 'The workspace that both rooms are in.'),
    Spec(
        'units',
        '',
        'Unit of the values on the wire. It has no default: a value read in the wrong unit moves '
        'an arm quietly and wrongly.',
        choices=('degrees', 'radians', 'normalized'),
    ),
    Spec(
        'joints',
        (),
        'ROS names of the joints, in command order. Empty: those of the first robot_description; '
        'before it comes, all joints are produced in radians and none in another unit.',
    ),
    Spec('produce.room_id', '', 'The room that joint_states go to. Empty: this side is off.'),
    Spec(
        'produce.max_rate_hz',
        50.0,
        'At most so many updates a second; of what comes faster, the newest is sent. 0: all is.',
        'Hz',
        0.0,
        5000.0,  # What an arena takes of one participant, as it is shipped.
        dynamic=True,
    ),
    Spec(
        'produce.deadband',
        0.0,
        'Nothing is sent while every joint stays this close to what was sent last.',
        'rad or m',
        0.0,
        10.0,
    ),
    Spec(
        'produce.max_input_age_s',
        0.5,
        'A JointState whose stamp is further from the clock, or has been the same for longer, is '
        'dropped. 0: none is.',
        's',
        0.0,
        3600.0,
    ),
    Spec(
        'consume.room_id', '', 'The room that joint_commands come from. Empty: this side is off.'
    ),
    Spec(
        'consume.command_interface',
        'joint_state',
        'Message type of joint_commands; forward_command needs joints, because it names none.',
        choices=('joint_state', 'forward_command', 'joint_trajectory'),
    ),
    Spec(
        'consume.on_state_sync',
        'align',
        'What the pose that the room remembers at joining is good for: nothing moves because of '
        'it (align), it is not looked at (ignore), or it counts as a live update (command).',
        choices=('align', 'ignore', 'command'),
    ),
    Spec(
        'consume.require_feedback',
        'always',
        'Whether fresh joint_states are needed to move: always; once a publisher of them was '
        'discovered, for which five seconds are given (auto); or never. Without them the first '
        'command is where the room asks for it. Those that come count in any case.',
        choices=('always', 'auto', 'never'),
    ),
    Spec(
        'consume.max_feedback_age_s',
        0.5,
        'Older joint_states count as none. They are as old as their stamp says, and without a '
        'stamp as old as their arrival.',
        's',
        0.01,
        60.0,
    ),
    Spec(
        'consume.max_measured_velocity',
        0.0,
        'A joint that is measured to move faster contradicts itself: nothing moves until its '
        'measurements agree for half a second. Sliding joints a tenth of it, in m/s. 0: four '
        'times the velocity limit of the joint, and no less than 4 rad/s.',
        'rad/s',
        0.0,
        1000.0,
    ),
    Spec(
        'consume.limit_tolerance',
        0.1,
        'A joint that is measured further than this outside its limits is not moved; sliding '
        'joints a tenth of it, in m.',
        'rad',
        0.0,
        10.0,
    ),
    Spec(
        'consume.require_limits',
        'always',
        'Whether a joint needs position limits to be commanded: from robot_description, from '
        'joint_map.<joint>.min and .max, or that it has none (a continuous joint, '
        'joint_map.<joint>.unlimited).',
        choices=('always', 'never'),
    ),
    Spec(
        'consume.allow_other_publishers',
        False,
        'Whether the bridge commands the robot although another node publishes on its command '
        'topic.',
    ),
    Spec(
        'consume.require_producer',
        True,
        'Hold while the room has no producer. False accepts REST commands alone.',
    ),
    Spec(
        'consume.max_velocity',
        2.0,
        'No joint is commanded faster; sliding joints a tenth of it, in m/s.',
        'rad/s',
        0.001,
        100.0,
        dynamic=True,
    ),
    Spec(
        'consume.max_acceleration',
        20.0,
        'No command accelerates or brakes a joint more; sliding joints a tenth of it, in m/s^2. '
        '0: unlimited.',
        'rad/s^2',
        0.0,
        10000.0,
    ),
    Spec(
        'consume.max_lead',
        0.1,
        'How far the command of a joint may be ahead of where the joint is measured at rest; '
        'sliding joints a tenth of it, in m. 0: unlimited.',
        'rad',
        0.0,
        10.0,
    ),
    Spec(
        'consume.lead_time_s',
        0.15,
        'A moving joint may in addition be led by what it covers in this time.',
        's',
        0.0,
        2.0,
    ),
    Spec(
        'consume.stall_s',
        1.0,
        'A joint that does not follow for so long, although its command is as far ahead as it '
        'may be, stops the robot until a person resets it. 0: never.',
        's',
        0.0,
        60.0,
    ),
    Spec(
        'consume.on_hold',
        'brake',
        'What happens to a motion when the link, the producer or the updates are lost: the '
        'command brakes and then ends (brake), or ends at once (freeze). Where measurements '
        'cannot be trusted it ends at once.',
        choices=('brake', 'freeze'),
    ),
    Spec(
        'consume.on_stop',
        'freeze',
        'The same at an emergency stop. Brake is for arms whose drives fault when commands end '
        'in motion.',
        choices=('freeze', 'brake'),
    ),
    Spec(
        'consume.start_velocity',
        0.5,
        'The same as max_velocity, at the moment in which motion begins or begins again.',
        'rad/s',
        0.001,
        100.0,
    ),
    Spec(
        'consume.start_seconds',
        2.0,
        'How long the limit takes to rise from start_velocity to max_velocity.',
        's',
        0.0,
        60.0,
    ),
    Spec(
        'consume.ramp_rate_hz',
        100.0,
        'Steps per second of a motion that goes on after the last update.',
        'Hz',
        1.0,
        1000.0,
    ),
    Spec(
        'consume.command_timeout_s',
        0.0,
        'Hold when no update came for so long. 0: off, for a still operator sends nothing.',
        's',
        0.0,
        3600.0,
    ),
    Spec('link.heartbeat_period_s', 0.5, 'Time between two heartbeats.', 's', 0.05, 60.0),
    Spec(
        'link.timeout_s',
        1.5,
        'The link counts as lost after so much silence, or with a heartbeat unanswered for so '
        'long, for what comes is as late; at least twice the heartbeat period.',
        's',
        0.1,
        120.0,
    ),
    Spec(
        'link.max_delay_s',
        0.5,
        'Nothing moves and nothing is sent while a round trip to the server takes longer.',
        's',
        0.01,
        120.0,
    ),
    Spec(
        'link.on_loss',
        'hold',
        'What the loss of a link means: commands cease (hold), or a latched stop.',
        choices=('hold', 'emergency_stop'),
    ),
    Spec('link.reconnect_min_s', 0.5, 'First pause before another attempt.', 's', 0.05, 60.0),
    Spec('link.reconnect_max_s', 10.0, 'Longest pause between attempts.', 's', 0.05, 600.0),
    Spec(
        'create_missing_rooms',
        'produce',
        'Which missing rooms are created; a room that exists is never touched.',
        choices=('none', 'produce', 'both'),
    ),
    Spec('autostart', True, 'Configure and activate without being asked.'),
    Spec('estop_on_start', False, 'Begin with the emergency stop latched.'),
    Spec(
        'emergency_stop.allow_remote_reset',
        False,
        'Whether a participant of a room, such as the console, may reset the emergency stop.',
    ),
    Spec(
        'executor',
        'auto',
        'How rclpy spins: its events executor where there is one (auto), or as named.',
        choices=('auto', 'events', 'single'),
    ),
)

JOINT_SPECS: tuple[Spec, ...] = (
    Spec('arena_name', '', 'Name on the wire. Empty: the ROS name.'),
    Spec(
        'unit',
        '',
        'Unit on the wire. Empty: as units says, but percent (0..100) for a normalized joint '
        'whose arena name is gripper or jaw.',
        choices=('', 'degrees', 'radians', 'normalized', 'percent', 'metres'),
    ),
    Spec('min', float, "Lower limit. Not set: robot_description's.", 'rad or m'),
    Spec('max', float, "Upper limit. Not set: robot_description's.", 'rad or m'),
    Spec('invert', False, 'The wire counts the other way.'),
    Spec('offset', 0.0, 'Added to the position.', 'rad or m', -1000.0, 1000.0),
    Spec(
        'max_velocity',
        float,
        'Velocity limit of this joint; the smallest of this, consume.max_velocity and '
        "robot_description's counts.",
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
        'Replaces consume.max_lead for this joint. Of a gripper it is how hard it may squeeze.',
        'rad or m',
        0.0,
        10.0,
    ),
    Spec(
        'stall_s',
        float,
        'Replaces consume.stall_s for this joint. 0: never, for a gripper that holds things.',
        's',
        0.0,
        60.0,
    ),
    Spec(
        'unlimited',
        False,
        'The joint may be commanded although it has no position limits, or no range in '
        'robot_description (lower = upper).',
    ),
)

"""The parameters of ``sim_arm``, as data."""

from __future__ import annotations

from lerobot_arena_ros.nodes.settings.parameter_table import Spec

from .names import JOINTS

__all__ = ['SPECS']

SPECS = (
    Spec(
        'command_interface',
        'joint_state',
        'Message type of joint_commands.',
        choices=('joint_state', 'forward_command', 'joint_trajectory'),
    ),
    Spec(
        'open_loop_control',
        False,
        'Whether a trajectory begins where the joints should be, instead of where they are '
        "measured; as that of ros2_control's joint_trajectory_controller.",
    ),
    Spec('rate_hz', 100.0, 'joint_states per second.', 'Hz', 1.0, 1000.0),
    Spec('pictures', True, 'Whether there are camera pictures, while something subscribes.'),
    Spec('picture_rate_hz', 5.0, 'Pictures per second of each camera.', 'Hz', 0.1, 60.0),
    Spec('gravity', 1.0, 'Gravity, as a factor.', '', 0.0, 10.0, dynamic=True),
    Spec(
        'stiffness',
        17.8,
        'Torque of a drive for each radian between its setpoint and the joint.',
        'N m/rad',
        0.0,
        1000.0,
        dynamic=True,
    ),
    Spec(
        'damping',
        0.6,
        'Torque against the motion, with and without power.',
        'N m s/rad',
        0.0,
        100.0,
        dynamic=True,
    ),
    Spec('max_torque', 3.35, 'The most that a drive exerts.', 'N m', 0.01, 100.0, dynamic=True),
    Spec(
        'max_speed',
        5.0,
        'How fast the setpoint of a drive goes to its target.',
        'rad/s',
        0.01,
        100.0,
        dynamic=True,
    ),
    Spec(
        'drives_on',
        True,
        'Whether the drives exert torque; encoders and commands go on without.',
        dynamic=True,
    ),
    Spec(
        'hang_s',
        0.0,
        'Setting it has the driver hang for so long: it reads no command and publishes nothing, '
        'while the drives hold.',
        's',
        0.0,
        3600.0,
        dynamic=True,
    ),
    Spec(
        'frozen_joint',
        '',
        'A joint that is measured where it was when this was set. Empty: none.',
        choices=JOINTS,
        dynamic=True,
    ),
    Spec(
        'stamp_delay_s',
        0.0,
        'How late joint_states are, by their values and their stamps. Negative: stamps lie in '
        'the future.',
        's',
        -3600.0,
        3600.0,
        dynamic=True,
    ),
    Spec(
        'offset_joint',
        '',
        'A joint that is measured wrong, by offset. Empty: none.',
        choices=JOINTS,
        dynamic=True,
    ),
    Spec('offset', 0.0, 'By how much it is measured wrong.', 'rad', -100.0, 100.0, dynamic=True),
    Spec(
        'blocked_joint',
        '',
        'A joint that an obstacle holds where it was when this was set. Empty: none.',
        choices=JOINTS,
        dynamic=True,
    ),
    Spec(
        'second_publisher',
        False,
        'Whether another node publishes joint_states as well, with all joints at 0.',
        dynamic=True,
    ),
)

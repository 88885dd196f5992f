"""The executable ``sim_arm``."""

from __future__ import annotations

from lerobot_arena_ros.nodes.runtime.cli_help import parse_arguments
from lerobot_arena_ros.nodes.runtime.shutdown_signal import ShutdownSignal

from .parameters import SPECS

__all__ = ['main']


def main(args: list[str] | None = None) -> int:
    """Run the simulated arm; return the exit code."""
    shutdown = ShutdownSignal()
    parse_arguments(
        'sim_arm',
        'A simulated SO-101 with its physics: publishes joint_states and camera pictures, and '
        'follows joint_commands as servos do. Its faults are parameters that may change.',
        SPECS,
        args,
        examples=('--ros-args -p command_interface:=joint_trajectory -p max_speed:=0.5',),
    )
    from .pictures import choose_gl

    choose_gl()  # MuJoCo reads the variable when it is imported.
    from lerobot_arena_ros.nodes.runtime.run_node import Program, run

    from .node import SimArmNode

    def make() -> Program:
        node = SimArmNode()
        return Program([node], finish=node.finish)

    return run(make, 'sim_arm', args, shutdown)

"""The bridges of many robots that share a process, and whose faults stay apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import traceback

from rclpy.parameter import Parameter

from ..bridge.bridge_node import BridgeNode
from ..runtime.arena_thread import ArenaThread
from ..settings.fleet_file import Robot

__all__ = ['FleetBridges']

LEAVE_S = 2.0
"""How long all robots together have to leave their rooms."""


class FleetBridges:
    """
    Bridges that share the thread of their rooms, and the one that spins them.

    A robot that fails is stopped and leaves its rooms; its node stays, and the others go on.

    :raises ValueError: a robot's bridge must not run as it is described.
    """

    def __init__(self, robots: Iterable[Robot]) -> None:
        self._thread = ArenaThread()
        self._failed: dict[str, str] = {}
        self.nodes = [_bridge(robot, self._thread) for robot in robots]
        kinds = {node.settings.executor for node in self.nodes}
        if len(kinds) > 1:
            raise ValueError(
                f'parameter executor is {" and ".join(sorted(kinds))}: expected the same for all '
                'robots, which share one'
            )
        self.executor = kinds.pop()

    def start(self) -> None:
        """Configure and activate each robot that wants it."""
        for node in self.nodes:
            _apart(node, node.start)

    def failure(self) -> str | None:
        """
        Retire the robots that cannot go on.

        :returns: why none is left, in one line; None while any is.
        """
        for node in self.nodes:
            name, failure = node.get_fully_qualified_name(), node.failure
            if failure is not None:
                if self._failed.get(name) != failure:
                    node.log.error(f'{failure}; stopped, the other robots go on')
                self._failed[name] = failure
                _apart(node, node.disable)
            elif node.is_configured:
                self._failed.pop(name, None)
        if len(self._failed) < len(self.nodes):
            return None
        return '; '.join(f'{name}: {failure}' for name, failure in self._failed.items())

    def finish(self) -> None:
        """Stop commanding everywhere, then leave all rooms at the same time."""
        for node in self.nodes:  # First of all, for leaving takes some ten milliseconds each.
            _apart(node, node.deactivate)
        for node in self.nodes:
            _apart(node, node.finish)
        if not self._thread.drain(LEAVE_S):
            self.nodes[0].log.warning('not every room was left in time')
        self._thread.stop(1.0)


def _bridge(robot: Robot, thread: ArenaThread) -> BridgeNode:
    remappings = [part for pair in robot.remappings.items() for part in ('-r', ':='.join(pair))]
    try:
        return BridgeNode(
            thread=thread,
            namespace=robot.namespace,
            cli_args=['--ros-args', *remappings],
            use_global_arguments=False,
            parameter_overrides=[
                Parameter(name, value=value) for name, value in robot.parameters.items()
            ],
        )
    except (TypeError, ValueError) as exc:
        raise ValueError(f'robot {robot.namespace}: {exc}') from exc


def _apart(node: BridgeNode, act: Callable[[], object]) -> None:
    """Do something to one robot, whose fault must not keep it from the others."""
    try:
        act()
    except Exception:
        node.log.error(f'broke:\n{traceback.format_exc()}')

"""Hears a bridge's commands and its latched stop, says when each arrived, and resets the stop."""

from __future__ import annotations

import threading
import time
from typing import Any

import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from .requests import answer, number_of
from .spinning import spin_obeying

PATIENCE_S = 20.0
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Ear:
    """What came since it was last asked, kept as bytes and read later: the trip ends here."""

    def __init__(self) -> None:
        self.node = rclpy.create_node('stop_ear')
        self._commands = self._hear(JointState, 'joint_commands', QoSProfile(depth=1000))
        self._stops = self._hear(Bool, 'arena_bridge/emergency_stop_active', _LATCHED)
        self._reset = self.node.create_client(Trigger, 'arena_bridge/reset_emergency_stop')
        if not self._reset.wait_for_service(PATIENCE_S):
            raise TimeoutError(f'waited {PATIENCE_S:g} s for the bridge')

    def take(self) -> dict[str, list[tuple[float, Any]]]:
        """Give times with numbers, and times with whether it is stopped, and forget them."""
        commands, stops = _taken(self._commands, JointState), _taken(self._stops, Bool)
        return {
            'commands': [(at, number_of(command.position[0])) for at, command in commands],
            'stops': [(at, stop.data) for at, stop in stops],
        }

    def reset(self) -> str:
        """Reset the stop; give the bridge's answer."""
        done = threading.Event()
        future = self._reset.call_async(Trigger.Request())
        future.add_done_callback(lambda _: done.set())
        if not done.wait(PATIENCE_S):
            raise TimeoutError(f'waited {PATIENCE_S:g} s for the reset')
        return str(future.result().message)

    def _hear(self, kind: type, topic: str, qos: QoSProfile) -> list[tuple[float, bytes]]:
        heard: list[tuple[float, bytes]] = []

        def on_message(data: bytes) -> None:
            heard.append((time.monotonic(), data))

        self.node.create_subscription(kind, topic, on_message, qos, raw=True)
        return heard


def _taken(heard: list[tuple[float, bytes]], kind: type) -> list[tuple[float, Any]]:
    count = len(heard)  # The other thread may add more meanwhile.
    taken = heard[:count]
    del heard[:count]
    return [(at, deserialize_message(data, kind)) for at, data in taken]


def main() -> None:
    """Hear until the parent has heard enough; an order asks for what came, or for a reset."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    ear = Ear()

    def obey(order: dict[str, Any]) -> None:
        answer(**({'reset': ear.reset()} if 'reset' in order else ear.take()))

    spin_obeying('events', ear.node, obey)


if __name__ == '__main__':
    main()

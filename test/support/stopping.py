# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Presses, observes and resets the emergency stop of a robot."""

from __future__ import annotations

from typing import Any

from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool

from .probe import LATCHED
from .robot import NAMESPACE, Robot
from .waiting import wait_for

__all__ = ['PROFILES', 'press_until_received', 'reset', 'stop_publisher', 'wait_for_stop']

PROFILES = {
    'best_effort': QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
    'reliable': QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE),
    'latched': LATCHED,
}

LISTENERS = {'best_effort': 1, 'reliable': 2, 'latched': 3}
"""The number of the bridge's three subscriptions that match a publisher of a kind."""


def stop_publisher(bridged: Robot, kind: str) -> Any:
    """Create a publisher of the stop topic, and wait until all its subscribers have matched."""
    publisher = bridged.probe.node.create_publisher(
        Bool, f'/{NAMESPACE}/emergency_stop', PROFILES[kind]
    )
    listeners = LISTENERS[kind]
    wait_for(
        lambda: publisher.get_subscription_count() == listeners,
        f'{listeners} subscriptions of emergency_stop',
    )
    return publisher


def press_until_received(bridged: Robot, publisher: Any, *, again: bool = False) -> None:
    """Publish true until the bridge has received it; best effort repeats it."""
    publisher.publish(Bool(data=True))
    seen = bridged.probe.stop_active[NAMESPACE]
    wait_for(
        lambda: (again and publisher.publish(Bool(data=True))) or seen[-1:] == [True],
        'the stop at the bridge',
    )


def wait_for_stop(bridged: Robot, stopped: bool = True, *, namespace: str = NAMESPACE) -> None:
    """Wait until the latched status has this value."""
    seen = bridged.probe.stop_active[namespace]
    wait_for(lambda: seen[-1:] == [stopped], f'emergency_stop_active to be {stopped}')


def reset(bridged: Robot, *, namespace: str = NAMESPACE) -> str:
    """Request a reset; return the text of the answer, after 'ok: ' if it succeeded."""
    answer = bridged.probe.call(namespace, 'reset_emergency_stop')
    return f'ok: {answer.message}' if answer.success else str(answer.message)

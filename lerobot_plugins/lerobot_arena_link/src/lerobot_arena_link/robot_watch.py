# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What the robots of a room report of themselves, compared with the configuration."""

from __future__ import annotations

from collections.abc import Mapping
import logging

from lerobot_arena_ros.arena.robot_state import RobotState

__all__ = ['RobotWatch']

_logger = logging.getLogger(__name__)


class RobotWatch:
    """
    The newest state of each robot.

    :param units: the expected unit of each joint by its name in the room.
    """

    def __init__(self, units: Mapping[str, str]) -> None:
        self._units = dict(units)
        self._states: dict[str, RobotState] = {}

    def on_state(self, participant_id: str, state: RobotState | None) -> None:
        """Take a state, and log what has changed; None: the robot has left the room."""
        before = self._states.get(participant_id)
        if state is None:
            self._states = {k: v for k, v in self._states.items() if k != participant_id}
            _logger.warning('robot %s has left the room', participant_id)
            return
        # Replaced as a whole, because another thread reads it.
        self._states = {**self._states, participant_id: state}
        if before is None or (before.gate, before.cause) != (state.gate, state.cause):
            level = logging.INFO if state.gate == 'active' else logging.WARNING
            _logger.log(level, 'robot %s: %s: %s', participant_id, state.gate, state.cause)
        known = before.refused if before else ()
        for refusal in state.refused:
            if refusal not in known:
                _logger.warning(
                    'robot %s refused %s = %g: %s',
                    participant_id,
                    refusal.name,
                    refusal.value,
                    refusal.reason,
                )

    def stopped(self) -> str | None:
        """Return which robot is stopped, by what; None: no robot is."""
        for participant_id, state in self._states.items():
            if state.stop is not None:
                return f'robot {participant_id} by {state.stop.source}: {state.stop.reason}'
        return None

    def wrong_unit(self) -> str | None:
        """Return which joint has another unit than expected; None: no joint."""
        for participant_id, state in self._states.items():
            for joint in state.joints:
                expected = self._units.get(joint.name, joint.unit)
                if joint.unit != expected:
                    return (
                        f'robot {participant_id} has {joint.name} in {joint.unit}, expected '
                        f'{expected}: correct the units of this program or of its bridge'
                    )
        return None

    def missing(self) -> str | None:
        """Return what is missing: a robot, or some of its joints; None: nothing."""
        if not self._states:
            return 'no robot in the room reports its state'
        names = {joint.name for state in self._states.values() for joint in state.joints}
        missing = [name for name in self._units if name not in names]
        if missing:
            return f'no robot in the room has the joints {missing}; there are {sorted(names)}'
        return None

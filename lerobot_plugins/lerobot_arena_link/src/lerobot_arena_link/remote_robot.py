# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A robot behind two rooms and the rooms of its cameras: observed and led."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
import logging
import time
from typing import Any

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.control_messages import ControlState
from lerobot_arena_ros.arena.errors import ArenaError
from lerobot_arena_ros.arena.messages import EmergencyStop

from .errors import EmergencyStopped, NotConnected, NotInControl, RobotProblem
from .latest import Latest
from .loop_thread import LoopThread
from .robot_watch import RobotWatch
from .rooms import TIMING, log_connection
from .settings import RobotSettings
from .sight import Seen, Sight

__all__ = ['RemoteRobot']

POLL_S = 0.02

_logger = logging.getLogger(__name__)


class RemoteRobot:
    """
    Observe and lead a robot. All methods block, and may be called from any thread, one at a time.

    The robot's bridge decides how it moves: it limits velocities, and it decelerates and holds
    when this program leaves or falls silent.
    """

    def __init__(self, settings: RobotSettings) -> None:
        self._settings = settings
        self._stop: str | None = None
        self._stack = ExitStack()
        self._loop: LoopThread | None = None
        self._newest: Latest[Seen] = Latest(
            f'observations of room {settings.joint_room}',
            max_age_s=settings.max_age_s,
            timeout_s=settings.timeout_s,
        )
        self._sight = Sight(settings, self._newest)
        self._watch = RobotWatch(settings.joints.units)
        self._producer: RoboticsProducer | None = None
        self._control: ControlState | None = None
        # How often control had changed at the last observation or action.
        self._observed: int | None = None

    @property
    def is_connected(self) -> bool:
        """Whether :meth:`connect` succeeded, and :meth:`disconnect` was not called."""
        return self._producer is not None

    def connect(self) -> None:
        """
        Join the rooms, and check that the robot is observed and has the configured joints.

        Nothing is sent before the first :meth:`send`. From then on each room is joined again when
        its connection is lost.

        :raises ArenaError: why a room cannot be joined, for example because it has a producer.
        :raises RobotProblem: the robot is missing, or has other joints or units.
        :raises EmergencyStopped: the robot's emergency stop is latched.
        :raises NoObservation: there is no observation.
        :raises NotConnected: the server does not answer.
        """
        settings = self._settings
        self._stop = self._control = self._observed = None
        self._watch = RobotWatch(settings.joints.units)
        with ExitStack() as stack:
            loop = LoopThread('arena robot')
            stack.callback(loop.close)
            stack.callback(lambda: loop.finish(self._sight.close(), settings.timeout_s))
            loop.run(self._sight.open(), settings.timeout_s)
            self._newest.wait(self._sight.reason)
            # Last, because the producer of a room leads it.
            producer = self._make_producer()
            stack.callback(lambda: loop.finish(producer.disconnect(), settings.timeout_s))
            join = producer.join_room(settings.workspace_id, settings.command_room, 'producer')
            loop.run(join, settings.timeout_s)
            self._wait_for_robot()
            self._stack = stack.pop_all()
        self._loop, self._producer = loop, producer

    def observe(self) -> Seen:
        """
        Return the newest observation; wait until it is not older than ``max_age_s``.

        It also waits while an action would not reach the robot: the connection to the command
        room is lost, or another driver has control of it.

        :raises NoObservation: there was none in time; the text has the reasons.
        :raises EmergencyStopped: there was an emergency stop while this waited for control.
        :raises NotConnected: :meth:`connect` was not called.
        """
        self._connected()
        seen = self._newest.wait(self._sight.reason, obstacle=self._obstacle)
        self._observed = self._changes
        return seen

    def send(self, action: Mapping[str, Any]) -> dict[str, float]:
        """
        Send an action, with exactly the configured joints.

        While the command room is not joined, or another driver has control of it, the action is
        not sent, because it would be outdated afterwards: this waits until the room is joined
        again, or control is given back, and returns an empty dict. It is not sent either if
        control has changed since the last call of this method or of :meth:`observe`.

        :param action: ``{'shoulder_pan.pos': ...}``.
        :returns: what was sent.
        :raises EmergencyStopped: there was an emergency stop since :meth:`connect`.
        :raises RobotProblem: a robot in the room has another unit than configured.
        :raises ValueError: a joint is unknown or missing, or a value is not a finite number.
        :raises NotConnected: the room was not joined again in time, or :meth:`connect` was not
            called.
        :raises NotInControl: control was not given back in time.
        """
        loop, producer = self._connected()
        values = self._settings.joints.to_room(action)
        self._check_robot()
        observed, self._observed = self._observed, self._changes
        is_outdated = observed not in (None, self._observed)
        if self._obstacle() is None and not is_outdated:
            try:
                loop.run(producer.send_state_sync(values), self._settings.timeout_s)
                return {key: float(action[key]) for key in self._settings.joints.features}
            except ArenaError as exc:
                _logger.warning('an action was not sent: %s', exc)
            except ValueError:
                # The values are valid, so the room was lost meanwhile.
                if producer.is_connected():
                    raise
        self._wait_until_free()
        self._observed = self._changes  # The next action is computed after this one.
        return {}

    def disconnect(self) -> None:
        """Leave the rooms, and send nothing: the bridge decelerates and holds. Idempotent."""
        self._loop = self._producer = None
        self._stack.close()
        self._newest.clear()

    # ----- inside

    def _make_producer(self) -> RoboticsProducer:
        settings = self._settings
        producer = RoboticsProducer(
            settings.server_url, reconnect=True, timing=TIMING, **settings.access
        )
        producer.on_emergency_stop(self._on_stop)
        producer.on_robot_state(self._watch.on_state)
        producer.on_control(self._on_control)
        log_connection(producer)
        return producer

    def _on_stop(self, stop: EmergencyStop) -> None:
        _logger.error('emergency stop by %s: %s', stop.source, stop.reason)
        self._stop = f'by {stop.source}: {stop.reason}'

    def _on_control(self, control: ControlState) -> None:
        self._control = control

    def _wait_for_robot(self) -> None:
        """Wait until a robot has reported the joints, if that is required."""
        deadline = time.monotonic() + self._settings.timeout_s
        while self._settings.require_robot and (missing := self._watch.missing()):
            if time.monotonic() >= deadline:
                raise RobotProblem(
                    f'room {self._settings.command_room}: {missing}, waited '
                    f'{self._settings.timeout_s:g} s: start the bridge of the robot, or set '
                    'require_robot to false if it reports nothing'
                )
            time.sleep(POLL_S)
        self._check_robot()

    def _check_robot(self) -> None:
        stopped = self._stop or self._watch.stopped()
        if stopped is not None:
            raise EmergencyStopped(
                f'emergency stop in room {self._settings.command_room}, {stopped}: reset it at '
                'the robot, then connect again'
            )
        wrong = self._watch.wrong_unit()
        if wrong is not None:
            raise RobotProblem(wrong)

    def _connected(self) -> tuple[LoopThread, RoboticsProducer]:
        if self._loop is None or self._producer is None:
            raise NotConnected(f'room {self._settings.command_room}: not connected')
        return self._loop, self._producer

    @property
    def _changes(self) -> int | None:
        """How many times control has changed; None: the server does not tell."""
        return None if self._control is None else self._control.number

    def _obstacle(self) -> str | None:
        """
        Return why an action would not reach the robot; None: it would.

        :raises EmergencyStopped: because of an emergency stop.
        """
        producer, control = self._producer, self._control
        if producer is None:
            return None
        room = f'room {self._settings.command_room}'
        if not producer.is_connected():
            return f'{room} is not joined: {producer.error}'
        if control is None or control.holder == producer.participant_id:
            return None
        self._check_robot()  # A stop ends the control of a person, too.
        who = control.holder or 'nobody'
        return f'{who} has control of {room}, not {producer.participant_id}'

    def _wait_until_free(self) -> None:
        """Wait until an action would reach the robot."""
        _, producer = self._connected()
        deadline = time.monotonic() + self._settings.timeout_s
        while (obstacle := self._obstacle()) is not None:
            if time.monotonic() >= deadline:
                kind = NotInControl if producer.is_connected() else NotConnected
                raise kind(f'{obstacle}, waited {self._settings.timeout_s:g} s')
            time.sleep(POLL_S)

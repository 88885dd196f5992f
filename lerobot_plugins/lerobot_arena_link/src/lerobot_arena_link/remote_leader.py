# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The actions that arrive in a room."""

from __future__ import annotations

from contextlib import ExitStack
import logging
import math
import time

from lerobot_arena_ros.arena.messages import EmergencyStop

from .errors import EmergencyStopped, NotConnected
from .joint_stream import JointStream
from .latest import Latest
from .loop_thread import LoopThread
from .settings import LeaderSettings

__all__ = ['RemoteLeader']

_logger = logging.getLogger(__name__)


class RemoteLeader:
    """
    Receive the actions of a leader: an arm, a browser, a policy, or any other producer.

    All methods block, and may be called from any thread, one at a time.
    """

    def __init__(self, settings: LeaderSettings) -> None:
        self._settings = settings
        self._stop: str | None = None
        self._stack = ExitStack()
        self._stream: JointStream | None = None
        self._newest: Latest[dict[str, float]] = Latest(
            f'actions in room {settings.room_id}',
            max_age_s=settings.max_age_s,
            timeout_s=settings.timeout_s,
        )

    @property
    def is_connected(self) -> bool:
        """Whether :meth:`connect` succeeded, and :meth:`disconnect` was not called."""
        return self._stream is not None

    def connect(self) -> None:
        """
        Join the room; from then on it is joined again when the connection is lost.

        :raises ArenaError: why the room cannot be joined.
        :raises NotConnected: the server does not answer.
        """
        settings = self._settings
        self._stop = None
        with ExitStack() as stack:
            loop = LoopThread('arena leader')
            stack.callback(loop.close)
            stream = JointStream(settings, self._on_values, self._newest.clear)
            stream.client.on_emergency_stop(self._on_stop)
            stack.callback(lambda: loop.finish(stream.client.disconnect(), settings.timeout_s))
            loop.run(
                stream.client.join_room(settings.workspace_id, settings.room_id, 'consumer'),
                settings.timeout_s,
            )
            self._stack = stack.pop_all()
        self._stream = stream

    def action(self) -> dict[str, float]:
        """
        Return the newest action, as ``{'shoulder_pan.pos': ...}``; wait for one if needed.

        It is not older than ``max_age_s`` if the leader sends stamps, as a bridge does. Otherwise
        it is the last one, while the leader is in the room.

        :raises EmergencyStopped: there was an emergency stop since :meth:`connect`.
        :raises NoObservation: there was no action in time; the text has the reason.
        :raises NotConnected: :meth:`connect` was not called.
        """
        if self._stream is None:
            raise NotConnected(f'room {self._settings.room_id}: not connected')
        return self._settings.joints.from_room(self._newest.wait(obstacle=self._obstacle))

    def disconnect(self) -> None:
        """Leave the room. Idempotent."""
        self._stream = None
        self._stack.close()
        self._newest.clear()

    def _obstacle(self) -> str | None:
        if self._stop is not None:
            raise EmergencyStopped(
                f'emergency stop in room {self._settings.room_id} {self._stop}: connect again '
                'after the cause is removed'
            )
        client = self._stream.client if self._stream is not None else None
        if client is not None and not client.is_connected():
            return f'the connection is lost: {client.error}'
        return None

    # ----- in the thread of the loop

    def _on_values(self, joints: dict[str, float], stamp_ns: int | None) -> None:
        if not self._settings.joints.missing(joints):
            # Without stamps, a leader at rest sends nothing.
            self._newest.put(joints, math.inf if stamp_ns is None else time.monotonic())

    def _on_stop(self, stop: EmergencyStop) -> None:
        _logger.error('emergency stop by %s: %s', stop.source, stop.reason)
        self._stop = f'by {stop.source}: {stop.reason}'

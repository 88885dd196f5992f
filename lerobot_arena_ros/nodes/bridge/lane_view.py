# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a user sees of the lane of a link: in diagnostics, in the room and in the log. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lerobot_arena_ros.arena.lane.decisions import LaneState
from lerobot_arena_ros.arena.lane.lane import LaneReport
from lerobot_arena_ros.arena.robot_state import RobotLink, Way
from lerobot_arena_ros.control.causes import lossy
from lerobot_arena_ros.control.condition import Condition, Level

__all__ = ['LaneLog', 'LaneView']

MAX_LOSS = 0.2
"""A greater loss is reported as a fault of the network."""


@dataclass(frozen=True)
class LaneView:
    """
    The lane of a link at one moment.

    :param report: how it works; None if there is none.
    :param obstacle: why there is none; None while there is one, or none was opened yet.
    """

    report: LaneReport | None = None
    obstacle: str | None = None

    @property
    def way(self) -> Way:
        """Which way the joint updates take, as this end measures it."""
        if self.report is None:
            return Way.WEBSOCKET
        return Way.LANE if self.report.state is LaneState.UP else Way.BOTH

    @property
    def fault(self) -> Condition | None:
        """The fault of the network that the lane shows; None if there is none."""
        loss = None if self.report is None else self.report.loss
        if loss is None or loss <= MAX_LOSS:
            return None
        return Condition(Level.WARN, lossy(loss))

    def values(self) -> dict[str, object]:
        """Return the values for the diagnostics."""
        report = self.report
        return {
            'way': self.way.value,
            'lane_obstacle': self.obstacle or 'none',
            'lane_round_trip_ms': _text(report and report.round_trip_s, 1e3),
            'lane_lost_percent': _text(report and report.loss, 1e2),
            'lane_out_of_order': 'unknown' if report is None else report.out_of_order,
        }

    def seen_by_room(self, round_trip_s: float | None) -> RobotLink:
        """
        Return what the room shows.

        :param round_trip_s: of the way that the updates take, in seconds; None if it is unknown.
        """
        loss = None if self.report is None else self.report.loss
        return RobotLink(
            self.way.value,
            None if round_trip_s is None else round(round_trip_s * 1e3, 1),
            None if loss is None else round(loss, 3),
        )


class LaneLog:
    """Decides which changes of a lane are logged: each reason once, until a lane was opened."""

    def __init__(self) -> None:
        self._is_open = False
        self._obstacle: str | None = None

    def restart(self) -> None:
        """Note that the room was joined again, so that there is no lane yet."""
        self._is_open = False

    def update(self, view: LaneView) -> str | None:
        """Return the line to log now; None if there is nothing new."""
        report = view.report
        if report is not None:
            # Before the first answer it is not known whether the lane works.
            if self._is_open or report.round_trip_s is None:
                return None
            self._is_open, self._obstacle = True, None
            round_trip_ms = report.round_trip_s * 1e3
            return f'joint updates take a fast lane now, round trip {round_trip_ms:.0f} ms'
        if view.obstacle is None or view.obstacle == self._obstacle:
            return None
        what = 'the fast lane has ended' if self._is_open else 'there is no fast lane'
        self._is_open, self._obstacle = False, view.obstacle
        return f'{what}, so joint updates take the WebSocket: {view.obstacle}'


def _text(value: float | None, factor: float) -> str:
    return 'unknown' if value is None else f'{value * factor:.1f}'

"""
What a room remembers beside its joints: its last stop, and the newest state of each robot.

Sans I/O.
"""

from __future__ import annotations

from typing import NamedTuple

from ...arena.errors import ProtocolError
from ...arena.messages import EmergencyStop, LastStop, RobotReport
from .limits import Limits

__all__ = ['MAX_REPORT_CHARS', 'KnownRobot', 'KnownStop', 'check_report']

MAX_REPORT_CHARS = 64 * 1024
"""
Characters, as JSON, of the state of one robot.

Of each robot the newest state waits for each member that reads too slowly.
"""


class KnownStop(NamedTuple):
    """
    The last emergency stop of a room.

    :param message: as it was sent.
    :param steady_s: when, in seconds of the steady clock.
    """

    message: EmergencyStop
    steady_s: float

    def to_last_stop(self, now_s: float) -> LastStop:
        """Return the stop as it is told now."""
        stop = self.message
        age_s = now_s - self.steady_s
        return LastStop(stop.reason or '', stop.source or '', stop.timestamp or '', age_s)


class KnownRobot(NamedTuple):
    """
    The newest state of one robot.

    :param message: as it was passed on.
    :param steady_s: when, in seconds of the steady clock.
    """

    message: RobotReport
    steady_s: float


def check_report(report: RobotReport, limits: Limits) -> None:
    """
    Refuse a robot's state that is too large.

    :raises ProtocolError: it has too many joints or refusals, or too many characters.
    """
    if report.state is not None:
        count = max(len(report.state.joints), len(report.state.refused))
        if count > limits.joints:
            raise ProtocolError(
                f'robot_state: at most {limits.joints} joints are taken, got {count}',
                reason='robot_state',
            )
    if len(report.text) > MAX_REPORT_CHARS:
        raise ProtocolError(
            f'robot_state: at most {MAX_REPORT_CHARS} characters are taken,'
            f' got {len(report.text)}',
            reason='robot_state',
        )

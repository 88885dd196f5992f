"""Puts a condition that lasts into the log of a node."""

from __future__ import annotations

from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.cause_watch import PATIENCE_S, CauseWatch
from lerobot_arena_ros.control.condition import Condition

from ..runtime.node_log import NodeLog

__all__ = ['ConditionLog']


class ConditionLog:
    """
    Logs one condition: once it has lasted, when it changes, and when a fault ends.

    :param recovered: what is logged when a fault has ended.
    :param patience_s: how long a condition lasts before it is logged.
    :param about: what each line begins with.
    """

    def __init__(
        self, log: NodeLog, *, recovered: str, patience_s: float = PATIENCE_S, about: str = ''
    ) -> None:
        self._log = log
        self._about = about
        self._watch = CauseWatch(recovered=recovered, now=steady_now(), patience_s=patience_s)

    def see(self, condition: Condition, now: float, *, worked_at: float | None = None) -> None:
        """
        Note how something is, and log it where that is due.

        :param now: in seconds of the steady clock.
        :param worked_at: when it did its work last, where this is known.
        """
        line = self._watch.see(condition, now, worked_at=worked_at)
        if line is not None:
            write = self._log.warning if line.is_fault else self._log.info
            write(f'{self._about}{line.text}')

    def told(self, condition: Condition, now: float) -> None:
        """Note that a condition was logged in other words, so that it is not logged again."""
        self._watch.told(condition, now)

    def begin(self, now: float) -> None:
        """Forget what was logged: what is not well from now on is another matter."""
        self._watch.begin(now)

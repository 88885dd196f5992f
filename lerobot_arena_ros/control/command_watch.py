"""Whether commands come out of the gate, whether the robot listens, and if not, why. Pure."""

from __future__ import annotations

from .causes import NORMAL_CAUSES, unheard
from .condition import Condition, Level, Severity, ago, fine
from .gate_output import State

__all__ = ['COMMAND_FRESH_S', 'commanding', 'present_cause']

COMMAND_FRESH_S = 1.0
"""A command that is older was not published lately."""


def present_cause(state: State, cause: str, *, is_heard: bool, topic: str) -> str:
    """
    Return why the robot moves, or does not.

    :param cause: of the gate.
    :param is_heard: whether anything subscribes to the commands.
    :param topic: of the commands.
    """
    return unheard(topic) if state is State.ACTIVE and not is_heard else cause


def commanding(
    state: State, cause: str, *, is_heard: bool, topic: str, age_s: float | None
) -> Condition:
    """
    Return whether the robot is commanded, and if not, why.

    :param cause: of the gate.
    :param is_heard: whether anything subscribes to the commands.
    :param topic: of the commands.
    :param age_s: how long ago the last command was; None = there was none yet.
    """
    cause = present_cause(state, cause, is_heard=is_heard, topic=topic)
    is_active = state is State.ACTIVE and is_heard
    if is_active and age_s is not None:
        if age_s <= COMMAND_FRESH_S:
            return fine('commanding')
        text = f'no command for {age_s:.1f} s, because the room sends nothing new'
        return Condition(Level.STALE, text, Severity.NONE)
    if state is State.STOPPED:
        severity = Severity.NONE  # The emergency stop logs it.
    else:
        severity = Severity.INFO if cause in NORMAL_CAUSES else Severity.WARN
    return Condition(
        Level.STALE if age_s is None else Level.WARN,
        f'commands do not flow: {cause}{ago("last command", age_s)}',
        severity,
    )

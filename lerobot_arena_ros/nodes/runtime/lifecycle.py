"""What rclpy leaves open in the lifecycle of a node: failures that are said, and survived."""

from __future__ import annotations

from collections.abc import Callable
import traceback
from typing import Any

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from lerobot_arena_ros.control.causes import INACTIVE
from lerobot_arena_ros.control.condition import Condition, Level, Severity, fine

from .node_log import NodeLog

__all__ = ['change', 'condition', 'destroy', 'guard_transitions', 'unconfigure']


def condition(*, is_configured: bool, is_active: bool, failure: str | None) -> Condition:
    """
    Return whether the node is active, and if not, why.

    :param failure: why it could not go on; None where it was not configured yet, or by hand.
    """
    if is_active:
        return fine('active')
    if is_configured:
        # The sides log it, each for what it does not do.
        return Condition(Level.WARN, INACTIVE, Severity.NONE)
    remedy = 'configure and activate the node (ros2 lifecycle set NODE configure)'
    if failure is not None:
        return Condition(Level.ERROR, f'unconfigured, because {failure}; mend it, then {remedy}')
    return Condition(Level.WARN, f'unconfigured: {remedy}', Severity.INFO)


def change(
    node: LifecycleNode,
    act: Callable[[], None],
    what: str,
    *,
    on_failure: Callable[[str], None],
) -> TransitionCallbackReturn:
    """
    Do what a transition is about; rclpy would swallow what it raises.

    :param on_failure: called with one line.
    """
    try:
        act()
    except Exception as exc:
        on_failure(f'it cannot {what}: {exc!r}')
        NodeLog(node.get_logger()).error(f'cannot {what}:\n{traceback.format_exc()}')
        return TransitionCallbackReturn.ERROR
    return TransitionCallbackReturn.SUCCESS


def guard_transitions(node: LifecycleNode) -> None:
    """Answer a transition that the present state does not have; rclpy would end the node."""
    service = node._service_change_state
    original = service.callback

    def guarded(request: Any, response: Any) -> Any:
        try:
            return original(request, response)
        except rclpy_implementation.RCLError as exc:
            NodeLog(node.get_logger()).warning(
                f'transition {request.transition.id} refused: {exc}'
            )
            response.success = False
            return response

    service.callback = guarded


def destroy(node: LifecycleNode, entity: Any) -> None:
    """Destroy a publisher, a subscription or a timer of the node."""
    for way in (node.destroy_publisher, node.destroy_subscription, node.destroy_timer):
        if way(entity):
            return


def unconfigure(node: LifecycleNode) -> None:
    """Bring the node to its unconfigured state, from whichever it is in."""
    if node._state_machine.current_state[1] == 'active':
        node.trigger_deactivate()
    if node._state_machine.current_state[1] == 'inactive':
        node.trigger_cleanup()

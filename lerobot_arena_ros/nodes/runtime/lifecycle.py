# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Lifecycle transitions that log their failures and do not end the node."""

from __future__ import annotations

from collections.abc import Callable
import traceback
from typing import Any

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from lerobot_arena_ros.control.causes import INACTIVE
from lerobot_arena_ros.control.condition import Condition, Level, Severity, fine

from .node_log import NodeLog

__all__ = ['condition', 'destroy', 'guard_transitions', 'run_transition', 'unconfigure']


def condition(*, is_configured: bool, is_active: bool, failure: str | None) -> Condition:
    """
    Return whether the node is active, and why not.

    :param failure: why the node became unconfigured; None if a person did it, or if it was never
        configured.
    """
    if is_active:
        return fine('active')
    if is_configured:
        # The producer and the consumer log it themselves, with what they do not do.
        return Condition(Level.WARN, INACTIVE, Severity.NONE)
    remedy = 'configure and activate the node (ros2 lifecycle set NODE configure)'
    if failure is not None:
        return Condition(Level.ERROR, f'unconfigured, because {failure}; fix it, then {remedy}')
    return Condition(Level.WARN, f'unconfigured: {remedy}', Severity.INFO)


def run_transition(
    node: LifecycleNode,
    act: Callable[[], None],
    what: str,
    *,
    on_failure: Callable[[str], None],
) -> TransitionCallbackReturn:
    """
    Run the work of a transition and report an exception, because rclpy would ignore it.

    :param act: the work.
    :param what: name of the transition, for the error message.
    :param on_failure: called with the error message, which is one line.
    """
    try:
        act()
    except Exception as exc:
        on_failure(f'it cannot {what}: {exc!r}')
        NodeLog(node.get_logger()).error(f'cannot {what}:\n{traceback.format_exc()}')
        return TransitionCallbackReturn.ERROR
    return TransitionCallbackReturn.SUCCESS


def guard_transitions(node: LifecycleNode) -> None:
    """Reject a transition that is invalid in the current state; rclpy would end the node."""
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
    for method in (node.destroy_publisher, node.destroy_subscription, node.destroy_timer):
        if method(entity):
            return


def unconfigure(node: LifecycleNode) -> None:
    """Bring the node from its current state to the unconfigured state."""
    if node._state_machine.current_state[1] == 'active':
        node.trigger_deactivate()
    if node._state_machine.current_state[1] == 'inactive':
        node.trigger_cleanup()

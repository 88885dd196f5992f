# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Functions that the launch files share; only they import this module."""

from __future__ import annotations

from collections.abc import Callable
import socket
from tempfile import NamedTemporaryFile
import time
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.conditions import IfCondition, InvalidConditionExpressionError
from launch.event_handlers import OnProcessExit, OnProcessIO
from launch.events import matches_action
from launch.events.process import ProcessExited, ProcessIO, ShutdownProcess
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch.utilities import perform_substitutions
from launch_ros.substitutions import ExecutableInPackage
from launch_ros.utilities import make_namespace_absolute, prefix_namespace

from lerobot_arena_ros.arena.json_text import dump, load

from .launch_rules import Include, LaunchError, Respawns

__all__ = [
    'PACKAGE',
    'arena_server',
    'describe_or_refuse',
    'full_name',
    'is_true',
    'record_include',
    'respawn_options',
    'write_file',
]

PACKAGE = 'lerobot_arena_ros'
RESPAWN_DELAY_S = 2.0
_INCLUDES = 'lerobot_arena_ros.includes'
"""The launch configuration that lists the includes of this scope so far."""


def describe_or_refuse(
    name: str, describe: Callable[[LaunchContext], list[LaunchDescriptionEntity]]
) -> OpaqueFunction:
    """
    Run a function that describes the launch; its errors end the launch with one line.

    An exception would also end the launch, but processes that another launch file has just started
    would continue to run.

    :param name: name of the launch file.
    :param describe: the function.
    """

    def described(context: LaunchContext) -> list[LaunchDescriptionEntity]:
        try:
            return describe(context)
        except (ValueError, InvalidConditionExpressionError) as exc:
            text = f'{name}: {exc}'
            # This prints the text, and the exit code of the launch becomes 1.
            context.asyncio_loop.call_exception_handler({'message': text})
            return [Shutdown(reason=text)]

    return OpaqueFunction(function=described)


def is_true(argument: str, context: LaunchContext) -> bool:
    """Return a boolean argument; raise an error if it is neither true nor false."""
    return bool(IfCondition(LaunchConfiguration(argument)).evaluate(context))


def write_file(content: dict[str, object]) -> str:
    """
    Write content to a temporary YAML file, and return its name.

    The file is JSON, which is YAML with each string in quotes. launch_ros would write a room
    called 0815 without quotes, and the node would read a number.
    """
    with NamedTemporaryFile('w', prefix='arena_launch_', suffix='.yaml', delete=False) as file:
        file.write(dump(content))
    return file.name


def full_name(node: str, namespace: str, context: LaunchContext) -> str:
    """Return the name of a node with its namespace, including those that groups have pushed."""
    pushed = context.launch_configurations.get('ros_namespace')
    absolute = make_namespace_absolute(prefix_namespace(pushed, namespace)) or ''
    return f'{absolute.rstrip("/")}/{node}'


def record_include(
    node: str, declared: list[DeclareLaunchArgument], context: LaunchContext
) -> None:
    """
    Record an include, and compare it with earlier includes in the same scope.

    :param node: full name of the bridge.
    :param declared: arguments of the launch file.
    :raises LaunchError: this include has arguments that an earlier one has left in the scope.
    """
    configurations = context.launch_configurations
    given = {
        action.name: configurations[action.name]
        for action in declared
        if configurations[action.name] != perform_substitutions(context, action.default_value)
    }
    include = Include(node, given)
    # A group removes its configurations at its end, so includes in other groups are not listed.
    earlier: Any = load(configurations.get(_INCLUDES, '[]'))
    for entry in earlier:
        if warning := include.check_after(Include(*entry)):
            get_logger('bridge.launch.py').warning(warning)
    configurations[_INCLUDES] = dump([*earlier, [node, given]])


def arena_server(port: int) -> list[LaunchDescriptionEntity]:
    """
    Describe an arena on this machine; if it does not start, the launch ends.

    :raises LaunchError: another program uses the port, and the bridges would connect to it.
    """
    _refuse_taken(port)
    server = ExecuteProcess(
        cmd=[ExecutableInPackage('arena_server', PACKAGE), '--port', str(port)],
        name='arena_server',
        output='screen',
    )
    listening = False

    def on_stdout(event: ProcessIO) -> None:
        nonlocal listening
        listening = listening or b'listening on' in event.text

    def on_exit(_: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if listening or context.is_shutdown:
            return []
        return [Shutdown(reason=f'no arena at port {port}: arena_server has not started')]

    return [
        RegisterEventHandler(OnProcessIO(target_action=server, on_stdout=on_stdout)),
        RegisterEventHandler(OnProcessExit(target_action=server, on_exit=on_exit)),
        server,
    ]


def _refuse_taken(port: int) -> None:
    with socket.socket() as attempt:
        # As a server does: a port that another program has just released counts as free.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(('127.0.0.1', port))
        except OSError as exc:
            raise LaunchError(
                f'no arena can be started at port {port} ({exc.strerror}): end the program that '
                'uses the port, or choose another one, such as port:=8001'
            ) from exc


def respawn_options(is_enabled: bool) -> dict[str, Any]:
    """
    Return the options of a bridge that is started again when it ends; empty if not enabled.

    The bridge is not started again after an error of the user, or if it ends repeatedly.
    """
    if not is_enabled:
        return {}
    respawns = Respawns(time.monotonic(), RESPAWN_DELAY_S)

    def on_exit(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if context.is_shutdown:
            return []
        reason = respawns.on_exit(event.returncode, time.monotonic())
        if reason is None:
            return []
        get_logger(event.process_name).error(reason)
        matcher = matches_action(event.action)
        return [EmitEvent(event=ShutdownProcess(process_matcher=matcher))]

    return {'respawn': True, 'respawn_delay': RESPAWN_DELAY_S, 'on_exit': on_exit}

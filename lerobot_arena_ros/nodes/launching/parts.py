"""What the launch files have in common; imported where there is launch only."""

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

from .rules import Include, LaunchError, Respawns

__all__ = [
    'PACKAGE',
    'arena_server',
    'write_file',
    'full_name',
    'is_true',
    'record_include',
    'describe_or_refuse',
    'respawn_options',
]

PACKAGE = 'lerobot_arena_ros'
RESPAWN_DELAY_S = 2.0
_INCLUDES = 'lerobot_arena_ros.includes'
"""The launch configuration that has the includes of this scope so far."""


def describe_or_refuse(
    name: str, describe: Callable[[LaunchContext], list[LaunchDescriptionEntity]]
) -> OpaqueFunction:
    """
    Have a function describe what is launched; what it refuses ends the launch with one line.

    An exception would end it, too, but leave running what another launch file has just started.

    :param name: of the launch file.
    """

    def described(context: LaunchContext) -> list[LaunchDescriptionEntity]:
        try:
            return describe(context)
        except (ValueError, InvalidConditionExpressionError) as exc:
            text = f'{name}: {exc}'
            # Prints it, and gives the launch the exit code 1.
            context.asyncio_loop.call_exception_handler({'message': text})
            return [Shutdown(reason=text)]

    return OpaqueFunction(function=described)


def is_true(argument: str, context: LaunchContext) -> bool:
    """Read a switch as conditions do, which refuse what is neither true nor false."""
    return bool(IfCondition(LaunchConfiguration(argument)).evaluate(context))


def write_file(content: dict[str, object]) -> str:
    """
    Write a file of parameters, and return its name.

    It is JSON, which is YAML with each string in quotes: launch_ros would write a room called
    0815 without them, and the node would read a number.
    """
    with NamedTemporaryFile('w', prefix='arena_launch_', suffix='.yaml', delete=False) as file:
        file.write(dump(content))
    return file.name


def full_name(node: str, namespace: str, context: LaunchContext) -> str:
    """Return the name of a node with its namespace, below those that groups have pushed."""
    pushed = context.launch_configurations.get('ros_namespace')
    absolute = make_namespace_absolute(prefix_namespace(pushed, namespace)) or ''
    return f'{absolute.rstrip("/")}/{node}'


def record_include(
    node: str, declared: list[DeclareLaunchArgument], context: LaunchContext
) -> None:
    """
    Remember an include, and compare it with those before it in the same scope.

    :raises LaunchError: an argument of an earlier one has come along.
    """
    configurations = context.launch_configurations
    given = {
        action.name: configurations[action.name]
        for action in declared
        if configurations[action.name] != perform_substitutions(context, action.default_value)
    }
    include = Include(node, given)
    # A group takes its configurations with it: what is seen here was not in one of its own.
    earlier: Any = load(configurations.get(_INCLUDES, '[]'))
    for entry in earlier:
        if warning := include.check_after(Include(*entry)):
            get_logger('bridge.launch.py').warning(warning)
    configurations[_INCLUDES] = dump([*earlier, [node, given]])


def arena_server(port: int) -> list[LaunchDescriptionEntity]:
    """
    Describe an arena of this machine, without which the launch does not go on.

    :raises LaunchError: another program has the port, with which the bridges would speak.
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
        # As a server does: a port that a program had a moment ago is free.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(('127.0.0.1', port))
        except OSError as exc:
            raise LaunchError(
                f'no arena can be started at port {port} ({exc.strerror}): stop the program that '
                'has the port, or give another one, such as port:=8001'
            ) from exc


def respawn_options(is_wanted: bool) -> dict[str, Any]:
    """
    Return the options of a bridge that is started again when it ends, if that is wanted.

    One that ends because of a mistake of the user, or again and again, is not.
    """
    if not is_wanted:
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

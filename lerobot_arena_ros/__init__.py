# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A ROS 2 bridge for LeRobot Arena. The names exported here are the client and need no ROS."""

TYPE_CHECKING = False  # Not imported from typing, because that adds milliseconds to each start.
if TYPE_CHECKING:
    from typing import Any

    from .arena.client_core import RoboticsClientCore
    from .arena.clients import RoboticsConsumer, RoboticsProducer
    from .arena.factories import create_client, create_consumer_client, create_producer_client
    from .arena.operator_client import RoboticsOperator
del TYPE_CHECKING

__all__ = [
    'RoboticsClientCore',
    'RoboticsConsumer',
    'RoboticsOperator',
    'RoboticsProducer',
    'create_client',
    'create_consumer_client',
    'create_producer_client',
]

_MODULES = {
    'RoboticsClientCore': 'client_core',
    'RoboticsConsumer': 'clients',
    'RoboticsOperator': 'operator_client',
    'RoboticsProducer': 'clients',
}


def __getattr__(name: str) -> 'Any':
    """Import the client on first access, because the server needs neither it nor its libraries."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from importlib import import_module

    module = import_module(f'.arena.{_MODULES.get(name, "factories")}', __name__)
    return getattr(module, name)


def __dir__() -> list[str]:
    """Return all names, including those that are not imported yet."""
    return [*globals(), *__all__]

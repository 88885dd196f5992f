"""ROS 2 bridge for LeRobot Arena; these names, the arena client, need no ROS."""

import importlib
import typing

if typing.TYPE_CHECKING:
    from .arena.client_core import RoboticsClientCore
    from .arena.clients import RoboticsConsumer, RoboticsProducer
    from .arena.factories import create_client, create_consumer_client, create_producer_client

__all__ = [
    'RoboticsClientCore',
    'RoboticsConsumer',
    'RoboticsProducer',
    'create_client',
    'create_consumer_client',
    'create_producer_client',
]

_HOMES = {
    'RoboticsClientCore': 'client_core',
    'RoboticsConsumer': 'clients',
    'RoboticsProducer': 'clients',
}


def __getattr__(name: str) -> typing.Any:
    """Load the client when it is asked for: the server does without it and its libraries."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    home = importlib.import_module(f'.arena.{_HOMES.get(name, "factories")}', __name__)
    return getattr(home, name)


def __dir__() -> list[str]:
    """Give the names that are not loaded yet, too."""
    return [*globals(), *__all__]

"""ROS 2 bridge for LeRobot Arena; these names, the arena client, need no ROS."""

TYPE_CHECKING = False  # typing has the same, and takes some milliseconds of each start.
if TYPE_CHECKING:
    from typing import Any

    from .arena.client_core import RoboticsClientCore
    from .arena.clients import RoboticsConsumer, RoboticsProducer
    from .arena.factories import create_client, create_consumer_client, create_producer_client
del TYPE_CHECKING

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


def __getattr__(name: str) -> 'Any':
    """Load the client when it is asked for: the server does without it and its libraries."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from importlib import import_module

    home = import_module(f'.arena.{_HOMES.get(name, "factories")}', __name__)
    return getattr(home, name)


def __dir__() -> list[str]:
    """Give the names that are not loaded yet, too."""
    return [*globals(), *__all__]

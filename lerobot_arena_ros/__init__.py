"""ROS 2 bridge for LeRobot Arena; these names, the arena client, need no ROS."""

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

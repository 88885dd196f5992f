# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The public client of video rooms. It needs the extra ``video``; no ROS.

A program that was written for the video client of the public package runs after a change of its
import to this module. The names are imported on first access; without aiortc, an ImportError
names the packages to install.
"""

from importlib import import_module

TYPE_CHECKING = False  # Not imported from typing, because that adds milliseconds to each start.
if TYPE_CHECKING:
    from typing import Any

    from .media.custom_track import CustomVideoTrack
    from .media.errors import NoObservation
    from .media.observations import Frame, Observation, Observations, observations
    from .media.video_client import VideoClientCore
    from .media.video_consumer import VideoConsumer
    from .media.video_factories import (
        create_client,
        create_consumer_client,
        create_producer_client,
    )
    from .media.video_producer import VideoProducer
    from .media.video_types import (
        DEFAULT_CLIENT_OPTIONS,
        DEFAULT_RESOLUTION,
        DEFAULT_VIDEO_CONFIG,
        ClientOptions,
        ConnectionInfo,
        FrameData,
        ParticipantInfo,
        ParticipantRole,
        RecoveryConfig,
        RecoveryPolicy,
        Resolution,
        RoomInfo,
        RoomState,
        StreamStats,
        VideoConfig,
        VideoEncoding,
        WebRTCConfig,
        WebRTCSignalResponse,
        WebRTCStats,
    )
del TYPE_CHECKING

__all__ = [
    'DEFAULT_CLIENT_OPTIONS',
    'DEFAULT_RESOLUTION',
    'DEFAULT_VIDEO_CONFIG',
    'ClientOptions',
    'ConnectionInfo',
    'CustomVideoTrack',
    'Frame',
    'FrameData',
    'NoObservation',
    'Observation',
    'Observations',
    'ParticipantInfo',
    'ParticipantRole',
    'RecoveryConfig',
    'RecoveryPolicy',
    'Resolution',
    'RoomInfo',
    'RoomState',
    'StreamStats',
    'VideoClientCore',
    'VideoConfig',
    'VideoConsumer',
    'VideoEncoding',
    'VideoProducer',
    'WebRTCConfig',
    'WebRTCSignalResponse',
    'WebRTCStats',
    'create_client',
    'create_consumer_client',
    'create_producer_client',
    'observations',
]

_MODULES = {
    'CustomVideoTrack': 'custom_track',
    'Frame': 'observations',
    'NoObservation': 'errors',
    'Observation': 'observations',
    'Observations': 'observations',
    'VideoClientCore': 'video_client',
    'VideoConsumer': 'video_consumer',
    'VideoProducer': 'video_producer',
    'create_client': 'video_factories',
    'create_consumer_client': 'video_factories',
    'create_producer_client': 'video_factories',
    'observations': 'observations',
}


def __getattr__(name: str) -> 'Any':
    """
    Import a name on first access.

    :raises ImportError: aiortc or av is not installed.
    """
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    try:
        module = import_module(f'.media.{_MODULES.get(name, "video_types")}', __package__)
    except ImportError as exc:
        from .missing import install_hint

        raise ImportError(install_hint(exc) or str(exc), name=exc.name) from exc
    return getattr(module, name)


def __dir__() -> list[str]:
    """Return all names, including those that are not imported yet."""
    return [*globals(), *__all__]

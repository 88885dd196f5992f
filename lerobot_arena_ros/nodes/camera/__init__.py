# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The node arena_camera: pictures between ROS topics and the video rooms of an arena.

Data flow of a camera that is sent::

    Image or CompressedImage -> sending.SendingCamera (ROS thread: checked, newest only)
        -> media.encoder.CameraEncoder (a thread per camera: converted and encoded once)
        -> media.video_producer.VideoProducer (arena thread) -> viewers

and of a camera that is received::

    producer -> media.video_consumer.VideoConsumer (arena thread: decoded, newest only)
        -> receiving.ReceivingCamera (worker thread: converted) -> Image, CompressedImage

:mod:`.camera_room` keeps a camera in its room, and :mod:`.camera_node` is the lifecycle node. The
node runs in a process of its own, so that it never delays the emergency stop of a bridge.
"""

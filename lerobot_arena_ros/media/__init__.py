# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
WebRTC: what carries the pictures of a camera between two participants of a video room.

Optional: it needs the extra ``video`` (aiortc and av), and only this folder imports them. No ROS.
The media never pass through the server, which only relays the signalling.

Data flow of a producer, from any thread to many viewers::

    picture -> encoder.CameraEncoder (one thread, one encoding)
            -> tracks.EncodedTrack (one per viewer: a bounded queue of encoded pictures)
            -> peer.Peer (one WebRTC connection per viewer) -> network

and of a consumer::

    network -> peer.Peer -> receiver.StreamReceiver -> video_consumer.VideoConsumer (the newest
    picture) -> callback

and of a policy, which sees the cameras and the joints of a robot::

    video_consumer.VideoConsumer, arena's RoboticsConsumer -> pairing.Pairing (what belongs
    together) -> observations.Observations

``viewers.ViewerSet`` and ``receiver.StreamReceiver`` exchange offers and answers, and replace
connections that fail; they know no room. ``video_producer.VideoProducer`` and
``video_consumer.VideoConsumer``, the public classes, join a room and pass its messages on to them.
"""

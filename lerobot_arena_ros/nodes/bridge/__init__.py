# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The bridge: one node with a session in up to two rooms.

Data from ROS into a room: :mod:`.joint_state_producer` sends the JointStates of
``joint_states``. Data from a room to ROS: :mod:`.command_consumer` passes the updates of the room
through its gate to :mod:`.command_topic`. An emergency stop passes through
:mod:`.emergency_stop` in both directions; its docstring has the sequence. Who has control of a
room is in :mod:`.room_control`, what a person at the robot requests about it in
:mod:`.control_requests`, and on the ROS graph both are in :mod:`.control_panel`.

May import :mod:`..runtime` and :mod:`..settings`, and the ROS-free packages ``arena`` and
``control``.
"""

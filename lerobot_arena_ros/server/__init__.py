# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The room server: implements the public protocol of LeRobot Arena, without ROS.

Bytes enter through :mod:`.net`. Requests go on to :mod:`.http`, WebSocket messages to
:mod:`.participants`; both change the state in :mod:`.rooms`. :mod:`.access` decides about each
connection and request, :mod:`.log` records it, and :mod:`.cli` starts the process.

May import ``release``, ``output`` and the messages of ``arena``.
"""

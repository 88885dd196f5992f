# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The meaning of values, and when a value may move a robot.

Values of a room pass through :mod:`.joint_map`, which converts units, into :mod:`.gate`, which
returns the commands; measured positions reach the gate through :mod:`.measurements`.
:mod:`.stop` is the latch of the emergency stop.

Pure: the modules use no ROS, no I/O, no clock and no threads. Imports no other folder of the
package.
"""

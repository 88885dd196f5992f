# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Processes, load and figures: what every measurement needs.

Here: processes (``processes``, ``programs``, ``nginx_proxy``, ``rosbridge``), participants that
cost little CPU (``light_client``, ``load``), programs that send and receive on request of the
parent process (``worker``, ``workers``), ROS domains (``domains``), and CPU time, memory and
latencies (``figures``).

It imports the package and nothing of ``measure`` or ``report``. The tests use it too. Requests
reach a worker as lines of JSON on its stdin, and its replies leave on its stdout; figures come
from ``/proc`` and from the clocks of the processes.
"""

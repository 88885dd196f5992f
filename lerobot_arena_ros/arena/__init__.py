# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The protocol and the Python client of rooms. No ROS.

:mod:`.messages` encodes and decodes messages. :mod:`.session` holds the state of one participant.
:mod:`.connection` reads frames from :mod:`.client_socket`, passes them through the session, and
calls a listener with the events; :mod:`.reconnect` joins again after a loss. :mod:`.rest_client`
requests rooms over HTTP, :mod:`.video_rest` those for video. :mod:`.client_core`,
:mod:`.clients` and :mod:`.operator_client` are the public classes of joint rooms; with those of
video rooms they share :mod:`.joined_client`.

Imports no other folder of the package.
"""

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The participants of rooms: their connections and the handling of their messages.

:mod:`.websocket_endpoint` passes a message from :mod:`..net` to :mod:`.connection_manager`, which
applies it to its room in :mod:`..rooms` and writes to the :mod:`.participant_connection` of each
recipient. :mod:`.signal_relay` does the same with the signals of WebRTC, which come over REST.
Imports all folders of the server except :mod:`..http` and :mod:`..cli`.
"""

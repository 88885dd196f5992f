# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""
The fast lane of a link: datagrams beside the WebSocket, which do not wait for lost packets.

:mod:`.decisions` and :mod:`.newest` are pure. :mod:`.lane` applies them to an open
:class:`.Channel`; it is the same at both ends. :mod:`.dtls` and :mod:`.certificate` need pyOpenSSL
and are imported only where a lane is opened.
"""

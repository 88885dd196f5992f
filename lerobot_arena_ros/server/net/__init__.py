# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The sockets of the server.

:mod:`.listener` accepts and counts connections. :mod:`.fair_reader` reads them in slices.
:mod:`.http_connection` parses HTTP and runs the ASGI application. The application accepts or
refuses requests for a WebSocket; after that, :mod:`.web_socket` handles the connection.

:mod:`.udp_listener` opens the UDP ports of the lanes (:mod:`lerobot_arena_ros.arena.lane`), each a
:mod:`.udp_port`, within the limits of :mod:`.udp_handshakes`. Only these need OpenSSL for Python.

This folder does not use rooms or participants.
"""

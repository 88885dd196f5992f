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

:mod:`.decisions` and :mod:`.newest` are pure: whether a lane works, what is repeated, and what is
new of what arrives. :mod:`.lane` applies them to an open :class:`.Channel`; it is the same at both
ends. :mod:`.client_lane` chooses the way of each message of a client, and :mod:`.keeper` keeps its
lane open.

The channel is DTLS 1.2 over UDP. :mod:`.client_channel` opens one as a client, and
``server.net.udp_listener`` on the server. Both use :mod:`.dtls`, which is sans I/O, through
:mod:`.dtls_channel`. Each lane has a :mod:`.certificate`, whose fingerprint travels over the
WebSocket. OpenSSL is optional and its import is slow, so only these modules import it;
:mod:`.availability` finds out whether it is there.
"""

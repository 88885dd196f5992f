# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The fast lane: a way for datagrams beside the WebSocket, which does not wait for lost packets.

:mod:`.decisions` decides which message is new, and whether the lane works. :mod:`.channel` is what
the code above sends and receives through: text in datagrams, over DTLS 1.2. :mod:`.dialling` opens
one as a client; ``server.net.udp_listener`` opens them on the server. Both use :mod:`.dtls`, which
is sans I/O, through :mod:`.dtls_channel`. Each process has a :mod:`.certificate` of its own, whose
fingerprint the other end gets by the WebSocket.

OpenSSL is optional: :mod:`.availability` finds out whether it is there. Only :mod:`.dtls`,
:mod:`.certificate` and the modules that use these import it.
"""

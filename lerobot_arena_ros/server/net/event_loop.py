# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The event loop of the server: uvloop if it is installed, otherwise asyncio.

uvloop needs less CPU for reads, writes and timers. The behaviour is the same with both.
"""

from __future__ import annotations

try:
    from uvloop import new_event_loop, run
except ImportError:
    from asyncio import new_event_loop, run  # type: ignore[assignment]

__all__ = ['new_event_loop', 'run']

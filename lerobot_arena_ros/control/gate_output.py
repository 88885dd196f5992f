# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The output of the command gate: its state, and the commands to publish."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ['Command', 'State', 'Transition']


class State(str, Enum):
    """The states of the gate; see the table in :mod:`.gate`."""

    WAITING = 'waiting'
    ACTIVE = 'active'
    HOLDING = 'holding'
    STOPPED = 'stopped'


@dataclass(frozen=True)
class Command:
    """The positions to publish, one for each joint of the gate, in the order of the joints."""

    positions: tuple[float, ...]


@dataclass(frozen=True)
class Transition:
    """A change of state, for the log."""

    before: State
    after: State
    cause: str

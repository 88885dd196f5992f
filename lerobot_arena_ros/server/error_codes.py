# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The error code of each refusal, used in replies, in the log and in the metrics."""

from __future__ import annotations

from ..arena.errors import (
    AccessDenied,
    ArenaError,
    JoinRefused,
    ProtocolError,
    RequestRejected,
    RoleTaken,
    RoomNotFound,
)
from .access.tokens import NotAllowed

__all__ = ['code_of']

_BY_STATUS = {403: 'commands_off', 422: 'invalid_id', 429: 'rate_limited', 503: 'rooms_full'}


def code_of(error: ArenaError) -> str:
    """Return the error code of a refusal."""
    match error:
        case AccessDenied():
            return 'access_denied'
        case NotAllowed():
            return 'not_allowed'
        case ProtocolError():
            return f'invalid_{error.reason}'
        case RoomNotFound():
            return 'room_not_found'
        case RoleTaken():
            return 'role_taken'
        case JoinRefused():
            return 'join_refused'
        case RequestRejected():
            return _BY_STATUS.get(error.status or 0, 'request_rejected')
        case _:
            return 'error'

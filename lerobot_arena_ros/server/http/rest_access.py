# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The access of REST requests: their sender, and what its token must allow."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from ..access.rules import Actor
from ..access.tokens import Access
from ..participants.connection_manager import ConnectionManager

__all__ = ['ADMIN', 'DRIVE', 'WATCH', 'Json', 'ManagerHere', 'Sender', 'needs']

Json = dict[str, Any]


def _manager(request: Request) -> ConnectionManager:
    manager: ConnectionManager = request.app.state.manager
    return manager


def _actor(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


ManagerHere = Annotated[ConnectionManager, Depends(_manager)]
Sender = Annotated[Actor, Depends(_actor)]


def needs(access: Access) -> Any:
    """Return a dependency that requires an access, in the workspace of the path if it has one."""

    async def check(request: Request) -> None:
        _actor(request).require(access, request.path_params.get('workspace_id'))

    return Depends(check)


WATCH = [needs(Access.WATCH)]
DRIVE = [needs(Access.DRIVE)]
ADMIN = [needs(Access.ADMIN)]

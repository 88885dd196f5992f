# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The baseline: a room server as a developer would write it first, to compare ours with.

It has what the protocol needs and nothing that makes a server safe to run. A message is encoded
once for all its receivers, as in the public server; everything else is a default of a library.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone
import json
import sys
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
import uvicorn

__all__ = ['app']

app = FastAPI()


class Room:
    """The members of a room and its joint values."""

    def __init__(self) -> None:
        self.joints: dict[str, float] = {}
        self.members: dict[WebSocket, str] = {}

    async def send(self, message: dict[str, Any], role: str | None = None) -> None:
        """Send a message to the members of a role, or to all."""
        text = json.dumps({**message, 'timestamp': datetime.now(timezone.utc).isoformat()})
        for member, its_role in list(self.members.items()):
            if role in (None, its_role):
                await member.send_text(text)

    async def handle_message(self, member: WebSocket, message: dict[str, Any]) -> None:
        """Handle a message of a member."""
        if message['type'] == 'joint_update' and self.members[member] == 'producer':
            changed = [e for e in message['data'] if self.joints.get(e['name']) != e['value']]
            self.joints.update({entry['name']: entry['value'] for entry in changed})
            if changed:
                await self.send({'type': 'joint_update', 'data': changed}, 'consumer')
        elif message['type'] == 'emergency_stop':
            await self.send(message)
        elif message['type'] == 'heartbeat':
            await member.send_json({'type': 'heartbeat_ack'})


rooms: defaultdict[str, Room] = defaultdict(Room)


@app.websocket('/robotics/workspaces/{workspace_id}/rooms/{room_id}/ws')
async def participate(websocket: WebSocket, workspace_id: str, room_id: str) -> None:
    """Serve one member until it disconnects."""
    await websocket.accept()
    room = rooms[f'{workspace_id}/{room_id}']
    join = await websocket.receive_json()
    room.members[websocket] = join['role']
    await websocket.send_json({'type': 'joined', 'room_id': room_id, 'role': join['role']})
    if join['role'] == 'consumer':
        await websocket.send_json({'type': 'state_sync', 'data': room.joints})
    try:
        while True:
            await room.handle_message(websocket, await websocket.receive_json())
    except WebSocketDisconnect:
        pass
    finally:
        del room.members[websocket]


if __name__ == '__main__':
    uvicorn.run(app, host='127.0.0.1', port=int(sys.argv[1]), log_level='warning')

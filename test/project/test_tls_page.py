# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""docs/howto/tls_and_tokens.md: its certificate is valid for the address of a phone."""

from __future__ import annotations

from pathlib import Path
import shutil
import signal
import ssl
import subprocess

import httpx
import pytest
from support.arena_server import arena_server
from support.pages import blocks_of
from support.peers import ws_path
from support.required import require
import websockets

PAGE = 'docs/howto/tls_and_tokens.md'
OF_PAGE = '192.168.1.20'
FILES = {'--token-file': 'token', '--certfile': 'cert.pem', '--keyfile': 'key.pem'}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create the page's token and certificate for the address of this machine."""
    openssl = shutil.which('openssl')
    require('openssl', openssl, 'openssl is not installed; apt has it')
    making, *_ = blocks_of(PAGE, 'sh')
    # The page's certificate has only 127.0.0.1 of all addresses in 127.0.0.0/8.
    text = making.text.replace(OF_PAGE, '127.0.0.9')
    subprocess.run(['bash', '-euc', text], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.mark.parametrize('host', ['127.0.0.9', '127.0.0.1', 'localhost'])
async def test_a_phone_in_the_lan_joins_by_address(folder: Path, host: str) -> None:
    """With the page's options, the console, REST and a WebSocket are verified by address."""
    token = (folder / 'token').read_text().strip()
    context = ssl.create_default_context(cafile=folder / 'cert.pem')
    options = [word for option, name in FILES.items() for word in (option, str(folder / name))]
    with arena_server('--host', '0.0.0.0', *options) as server:
        url = f'https://{host}:{server.port}'
        bearer = {'Authorization': f'Bearer {token}'}
        async with httpx.AsyncClient(verify=context, base_url=url) as phone:
            assert 'text/html' in (await phone.get('/')).headers['content-type']
            rooms = '/robotics/workspaces/lab/rooms'
            assert (await phone.get(rooms)).status_code == 401
            made = await phone.post(
                rooms, json={'room_id': 'arm'}, headers={'Origin': url, **bearer}
            )
        made.raise_for_status()
        path = f'{url}{ws_path("lab", "arm")}?token={token}'.replace('https', 'wss')
        async with websockets.connect(path, ssl=context, origin=websockets.Origin(url)):
            pass
        code, _, err = server.end(signal.SIGINT)

    assert code == 0
    assert 'warning' not in err


def test_the_secrets_are_for_their_owner_alone(folder: Path) -> None:
    """Other users of the machine cannot read the token and the key."""
    for name in ('token', 'key.pem'):
        assert (folder / name).stat().st_mode & 0o077 == 0, name
    assert len((folder / 'token').read_text().strip()) == 20

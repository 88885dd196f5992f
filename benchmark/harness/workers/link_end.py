# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One end of a lossy link: create a TUN device in this network namespace, and keep both.

Arguments: the number of a socket to which the device is sent, the address of this end, and the
address of the other. It ends when stdin is closed.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys

from .protocol import reply, requests

__all__ = ['DEVICE', 'open_tun']

DEVICE = 'lossy'
"""The name of the device in each of the two namespaces."""

# From linux/if_tun.h.
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


def open_tun() -> int:
    """
    Create the device, and return its file descriptor, which reads and writes IP packets.

    :raises OSError: the kernel does not permit it.
    """
    device = os.open('/dev/net/tun', os.O_RDWR)
    try:
        fcntl.ioctl(
            device, _TUNSETIFF, struct.pack('16sH22x', DEVICE.encode(), _IFF_TUN | _IFF_NO_PI)
        )
    except OSError:
        os.close(device)
        raise
    return device


def run(target: int, address: str, other: str) -> None:
    """Create the device, send it to a socket, and wait until stdin is closed."""
    try:
        device = open_tun()
        for command in (
            ['link', 'set', 'lo', 'up'],
            ['address', 'add', address, 'peer', other, 'dev', DEVICE],
            ['link', 'set', DEVICE, 'up'],
        ):
            subprocess.run(['ip', *command], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as exc:
        reply(error=f'{" ".join(exc.cmd)}: {exc.stderr.strip()}')
        return
    except OSError as exc:
        reply(error=f'no TUN device: {exc}')
        return
    with socket.socket(fileno=target) as channel:
        socket.send_fds(channel, [b'device'], [device])
    os.close(device)
    reply(ready=True)
    for _ in requests():
        pass


if __name__ == '__main__':
    run(int(sys.argv[1]), sys.argv[2], sys.argv[3])

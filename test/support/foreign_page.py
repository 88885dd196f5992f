# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A web page of another origin, and its attempts to access an arena from the user's browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading
from typing import Any

from .browser import Console

__all__ = ['SANDBOXED', 'running_page_server', 'try_everything']

SANDBOXED = '/sandboxed'
"""The path of a page with an opaque origin."""

TRIES = """
const [rest, done] = arguments;
const rooms = rest + '/robotics/workspaces/lab/rooms';
const command = JSON.stringify({ joints: [{ name: 'elbow', value: 90 }] });
// A body without a content type, or with that of a form, is sent without a preflight request.
const post = (url, body) => fetch(url, { method: 'POST', mode: 'no-cors', body })
  .then(() => 'sent', () => 'failed');
const join = () => new Promise((resolve) => {
  const socket = new WebSocket(rooms.replace('http', 'ws') + '/arm/ws');
  socket.onopen = () => socket.send(JSON.stringify({ participant_id: 'page', role: 'producer' }));
  socket.onmessage = ({ data }) => {
    const { type } = JSON.parse(data);
    if (type === 'joined') {
      socket.send(JSON.stringify({ type: 'joint_update', data: [{ name: 'wrist', value: 1 }] }));
      socket.send(JSON.stringify({ type: 'heartbeat' }));
    } else if (type === 'heartbeat_ack') {
      socket.onclose = null;
      socket.close();
      resolve('joined');
    }
  };
  socket.onclose = () => resolve('refused');
});
(async () => [
  await post(rooms + '/arm/command', new Blob([command])),
  await post(rooms, new Blob([JSON.stringify({ room_id: 'owned' })])),
  await join(),
])().then(done, (error) => done([String(error)]));
"""


class _Page(BaseHTTPRequestHandler):
    """Answer each request with an empty page."""

    def do_GET(self) -> None:
        """Send the page."""
        body = b'<!doctype html><title>page</title><link rel="icon" href="data:,">'
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        if self.path == SANDBOXED:
            self.send_header('Content-Security-Policy', 'sandbox allow-scripts')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


@contextmanager
def running_page_server() -> Iterator[int]:
    """Serve an empty page at each path of 127.0.0.1; the value is the port."""
    with ThreadingHTTPServer(('127.0.0.1', 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, name='page server')
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def try_everything(browser: Console, arena: str) -> tuple[list[str], list[str]]:
    """
    Let the open page command a joint, create a room and join as the producer, one by one.

    :param arena: the URL of the arena.
    :returns: the result of each attempt as the page sees it, and the log of the browser.
    """
    browser.driver.get_log('browser')
    seen = browser.driver.execute_async_script(TRIES, arena)
    return seen, [entry['message'] for entry in browser.driver.get_log('browser')]

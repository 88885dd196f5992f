# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A page in the browser that watches, or is the camera of, a video room, like the public one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import tempfile
import threading
from typing import Any

__all__ = ['CAMERA_FLAGS', 'CameraPage', 'serving_page']

CAMERA_FLAGS = (
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required',
)

# As the public JavaScript client: it posts the SDP before it has candidates, sends these one by
# one, and uses one connection for all offers that it gets.
PAGE = """<!doctype html><title>camera</title><video autoplay muted playsinline></video><script>
const video = document.querySelector('video');
const post = (message) => fetch(rest + '/webrtc/signal', {
  method: 'POST', headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ client_id: id, message }),
});
let rest, id, socket;
const join = (url, path, role) => new Promise((resolve) => {
  rest = url + path;
  id = role + '_' + Math.random().toString(36).slice(2);
  socket = new WebSocket(rest.replace('http', 'ws') + '/ws');
  socket.onopen = () => socket.send(JSON.stringify({ participant_id: id, role }));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'joined') resolve(true);
    if (message.type === 'error') resolve(message.message);
    handlers[message.type]?.(message);
  };
});
const handlers = {};
const trickle = (peer, target) => {
  peer.onicecandidate = ({ candidate }) => {
    if (candidate) post({ type: 'ice', candidate: candidate.toJSON(), ...target });
  };
};
window.watch = async (url, path) => {
  const peer = new RTCPeerConnection();
  peer.ontrack = ({ streams, track }) => {
    video.srcObject = streams[0] ?? new MediaStream([track]);
  };
  handlers.webrtc_offer = async ({ offer, from_producer: producer }) => {
    trickle(peer, { target_producer: producer });
    await peer.setRemoteDescription(offer);
    const answer = await peer.createAnswer();
    await peer.setLocalDescription(answer);
    await post({ type: 'answer', sdp: answer.sdp, target_producer: producer });
  };
  handlers.webrtc_ice = ({ candidate }) => peer.addIceCandidate(candidate);
  return join(url, path, 'consumer');
};
window.send = async (url, path, audio) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio });
  const peers = new Map();
  const offer = async (consumer) => {
    peers.get(consumer)?.close();
    const peer = new RTCPeerConnection();
    peers.set(consumer, peer);
    stream.getTracks().forEach((track) => peer.addTrack(track, stream));
    trickle(peer, { target_consumer: consumer });
    const made = await peer.createOffer();
    await peer.setLocalDescription(made);
    await post({ type: 'offer', sdp: made.sdp, target_consumer: consumer });
  };
  handlers.participant_joined = ({ role, participant_id: who }) => {
    if (role === 'consumer') offer(who);
  };
  handlers.participant_left = ({ participant_id: who }) => {
    peers.get(who)?.close();
    peers.delete(who);
  };
  handlers.webrtc_answer = ({ answer, from_consumer: who }) =>
    peers.get(who)?.setRemoteDescription(answer);
  handlers.webrtc_ice = ({ candidate, from_consumer: who }) =>
    peers.get(who)?.addIceCandidate(candidate);
  const joined = await join(url, path, 'producer');
  const { room } = await (await fetch(rest)).json();
  for (const consumer of room.participants.consumers) await offer(consumer);
  return joined;
};
window.seen = () => {
  const canvas = document.createElement('canvas');
  const [width, height] = [video.videoWidth, video.videoHeight];
  if (!width) return { frames: 0, width, height, pixel: null };
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const pixel = [...context.getImageData(width / 2, height / 2, 1, 1).data];
  return { frames: video.getVideoPlaybackQuality().totalVideoFrames, width, height, pixel };
};
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Print nothing."""


@contextmanager
def serving_page() -> Iterator[str]:
    """Serve the page from an address of its own, like the frontend of the public system."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / 'index.html').write_text(PAGE)
        handler = functools.partial(_Quiet, directory=folder)
        server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
        thread = threading.Thread(target=server.serve_forever, name='page')
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class CameraPage:
    """
    The page in a tab of the browser.

    :param driver: the WebDriver of selenium.
    """

    def __init__(self, driver: Any, page: str) -> None:
        self._driver = driver
        self._page = page
        self.open()

    def open(self) -> None:
        """Load the page anew, which ends everything that it did."""
        self._driver.get(self._page)

    def watch(self, url: str, path: str) -> None:
        """Join a room as a consumer."""
        self._join('watch(...arguments)', url, path)

    def send(self, url: str, path: str, *, audio: bool) -> None:
        """Join a room as the producer, with the camera of the browser."""
        self._join('send(...arguments)', url, path, audio)

    def seen(self) -> dict[str, Any]:
        """Return how many pictures were shown, their size, and a pixel in the middle."""
        found = self._driver.execute_script('return seen()')
        assert isinstance(found, dict)
        return found

    def _join(self, call: str, *arguments: object) -> None:
        answer = self._driver.execute_script(f'return {call}', *arguments)
        assert answer is True, answer

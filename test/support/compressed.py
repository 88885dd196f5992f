# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Compressed pictures that the package reads but does not write."""

from __future__ import annotations

from fractions import Fraction

import av

__all__ = ['png_of']


def png_of(picture: av.VideoFrame) -> bytes:
    """Return a picture as PNG."""
    context = av.CodecContext.create('png', 'w')
    context.width, context.height = picture.width, picture.height
    context.pix_fmt, context.time_base = 'rgb24', Fraction(1, 30)
    frame = picture.reformat(format='rgb24')
    frame.pts = 0
    packets = [*context.encode(frame), *context.encode(None)]
    return b''.join(bytes(packet) for packet in packets)

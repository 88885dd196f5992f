# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The routes of the browser console, which serve static files of this package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import functools
import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ['console_routes']

KINDS = {
    'css': 'text/css',
    'html': 'text/html',
    'js': 'text/javascript',
    'svg': 'image/svg+xml',
}
"""Content types by file extension; files with other extensions are not served. Text is UTF-8."""

INDEX = 'index.html'

_POLICY = '; '.join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        # Prevent clickjacking: no other page may embed this one.
        "frame-ancestors 'none'",
        # Prevent scripts from creating markup from text, because clients choose names.
        "require-trusted-types-for 'script'",
    )
)
_HEADERS = {
    # The browser revalidates each file, so it never shows the console of an older server.
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': _POLICY,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
}


@dataclass(frozen=True)
class _File:
    """One file, read once at the start, so that requests never wait for the disk."""

    body: bytes
    kind: str

    @functools.cached_property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    async def answer(self, request: Request) -> Response:
        """Respond with the file, or with 304 if the browser has this version."""
        headers = {**_HEADERS, 'ETag': self.tag}
        known = request.headers.get('if-none-match', '')
        if self.tag in (each.strip().removeprefix('W/') for each in known.split(',')):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.kind, headers=headers)


def console_routes(prefix: str) -> Iterator[Route]:
    """
    Yield the routes of the console.

    The page uses only relative URLs, so it works behind a proxy with any path.

    :param prefix: the path prefix of the routes, without a final slash; may be empty.
    """
    for entry in files('lerobot_arena_ros.server').joinpath('console').iterdir():
        kind = KINDS.get(entry.name.rpartition('.')[2])
        if kind is None:
            continue
        path = '/' if entry.name == INDEX else f'/console/{entry.name}'
        yield Route(prefix + path, _File(entry.read_bytes(), kind).answer)
    if prefix:
        yield Route(prefix, _redirect_to_slash)


async def _redirect_to_slash(request: Request) -> Response:
    """Redirect to the path with a final slash, which relative URLs need, behind any proxy."""
    here = request.url.path.rpartition('/')[2]
    return Response(status_code=307, headers={'Location': f'{here}/'})

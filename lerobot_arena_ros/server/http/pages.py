"""The console in the browser: files of this package, served as they are."""

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
"""The content type by the end of a file's name; other files are not served. Text is UTF-8."""

INDEX = 'index.html'

_POLICY = '; '.join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        # Nobody may lay the page, invisible, over one of theirs.
        "frame-ancestors 'none'",
        # Names of rooms and joints are anybody's: no script may make markup of them.
        "require-trusted-types-for 'script'",
    )
)
_HEADERS = {
    # Each time the browser asks whether the file has changed, so a new server has a new console.
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': _POLICY,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
}


@dataclass(frozen=True)
class _File:
    """One file, read once: nobody waits for a disk while robots move."""

    body: bytes
    kind: str

    @functools.cached_property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    async def answer(self, request: Request) -> Response:
        """Give the file, or say that the browser has it."""
        headers = {**_HEADERS, 'ETag': self.tag}
        known = request.headers.get('if-none-match', '')
        if self.tag in (each.strip().removeprefix('W/') for each in known.split(',')):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.kind, headers=headers)


def console_routes(prefix: str) -> Iterator[Route]:
    """
    Make the routes of the console.

    The page names everything relative to its own address, so it works below any other path too.

    :param prefix: the path that it is served below, without a final slash; may be empty.
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
    """Send the browser to where relative addresses are right, whatever this server is behind."""
    here = request.url.path.rpartition('/')[2]
    return Response(status_code=307, headers={'Location': f'{here}/'})

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The files of the console as the server serves them: their contents, headers and access."""

from __future__ import annotations

from collections.abc import Iterator
import importlib
from pathlib import Path
import re
import zipfile

import httpx
import pytest
from support.server import rules_of, running_server

from lerobot_arena_ros import server
from lerobot_arena_ros.server.http import pages
from lerobot_arena_ros.server.serving import console_url_of

FOLDER = Path(server.__file__).parent / 'console'
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file())
NAMES = [path.name for path in FILES]
SCRIPTS = [path for path in FILES if path.suffix == '.js']
TOKEN = 'zebra-7'
KINDS = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.svg': 'image/svg+xml',
}


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run a server that requires a token and refuses pages of other hosts."""
    with running_server(rules=rules_of(TOKEN)) as address:
        yield address


def path_of(name: str) -> str:
    """Return the path that a file is served at."""
    return '/' if name == 'index.html' else f'/console/{name}'


@pytest.mark.parametrize('prefix', ['', '/api'])
@pytest.mark.parametrize('name', NAMES)
def test_each_file_is_served_without_a_token(url: str, prefix: str, name: str) -> None:
    """A file is served unchanged, with its content type, because the page asks for the token."""
    reply = httpx.get(url + prefix + path_of(name))

    assert reply.status_code == 200
    assert reply.content == (FOLDER / name).read_bytes()
    assert reply.headers['content-type'] == KINDS[Path(name).suffix]


@pytest.mark.parametrize('name', NAMES)
def test_a_browser_revalidates_each_file_and_does_not_download_it_twice(
    url: str, name: str
) -> None:
    """A file whose ETag the browser has is answered with 304, so a new console is used at once."""
    first = httpx.get(url + path_of(name))
    tag = first.headers['etag']

    for known in (tag, f'W/{tag}', f'"other", {tag}'):
        again = httpx.get(url + path_of(name), headers={'If-None-Match': known})
        assert (again.status_code, again.content) == (304, b'')
        assert again.headers['etag'] == tag
    other = httpx.get(url + path_of(name), headers={'If-None-Match': '"other"'})

    assert first.headers['cache-control'] == 'no-cache'
    assert other.status_code == 200


def test_the_content_policy_allows_only_files_of_the_server(url: str) -> None:
    """The headers allow no other source, no frame, and no markup that a script makes."""
    headers = httpx.get(url).headers

    policy = dict(part.split(' ', 1) for part in headers['content-security-policy'].split('; '))
    assert policy == {
        'default-src': "'self'",
        'object-src': "'none'",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
        'require-trusted-types-for': "'script'",
    }
    assert headers['x-content-type-options'] == 'nosniff'
    assert headers['x-frame-options'] == 'DENY'
    assert headers['referrer-policy'] == 'no-referrer'


def test_head_is_answered(url: str) -> None:
    """A HEAD request, as monitoring tools send it, is answered without a body."""
    reply = httpx.head(url)

    assert (reply.status_code, reply.content) == (200, b'')


def test_the_prefix_without_a_slash_is_redirected_to_the_one_with_it(url: str) -> None:
    """The redirect is relative, because only the browser knows the name that it uses."""
    reply = httpx.get(f'{url}/api')

    assert (reply.status_code, reply.headers['location']) == (307, 'api/')
    assert httpx.get(f'{url}/api', follow_redirects=True).text.startswith('<!doctype html>')


@pytest.mark.parametrize(
    'path',
    ['/console/nothing.js', '/console/', '/console', '/console/../access.py', '/console/%2e%2e/x'],
)
def test_nothing_else_is_served(url: str, path: str) -> None:
    """A path that is not the name of a console file is 404, with a token as well."""
    headers = {'Authorization': f'Bearer {TOKEN}'}

    assert httpx.get(url + path, headers=headers).status_code == 404
    assert httpx.get(url + path).status_code in (401, 404)


@pytest.mark.parametrize('path', ['/robotics/status', '/metrics', '/openapi.json'])
def test_the_rest_keeps_its_place(url: str, path: str) -> None:
    """The other paths still require the token."""
    headers = {'Authorization': f'Bearer {TOKEN}'}

    assert httpx.get(url + path, headers=headers).status_code == 200
    assert httpx.get(url + path).status_code == 401


def test_pages_of_other_hosts_cannot_load_the_console(url: str) -> None:
    """A request from a page of another host is refused with 403."""
    assert httpx.get(url, headers={'Origin': 'https://evil.example'}).status_code == 403


def test_the_console_is_not_part_of_the_openapi_description(url: str) -> None:
    """The description is for programs, so it does not list the console."""
    headers = {'Authorization': f'Bearer {TOKEN}'}
    paths = httpx.get(f'{url}/openapi.json', headers=headers).json()['paths']

    assert [path for path in paths if path == '/' or 'console' in path] == []


@pytest.mark.parametrize('name', NAMES)
def test_no_file_names_another_host_or_an_absolute_path(name: str) -> None:
    """The console works offline and below any path. The SVG namespace is a name, not a URL."""
    text = (FOLDER / name).read_text(encoding='utf-8')
    text = text.replace('xmlns="http://www.w3.org/2000/svg"', '')

    assert re.findall(r'(?:https?:|wss?:)?//[\w.-]+\.\w+', text) == []
    assert re.findall(r'(?:src|href|action)="(?:/|[a-z]+:)[^"]*"', text) == []
    assert re.findall(r"""(?:from|import|url|fetch)[ (]+['"]/""", text) == []


def test_each_file_that_the_page_names_exists_and_no_other() -> None:
    """The page names its style and icon, and each script is imported by another or by the page."""
    page = (FOLDER / 'index.html').read_text(encoding='utf-8')
    named = set(re.findall(r'(?:src|href)="console/([\w.]+)"', page))
    for script in SCRIPTS:
        imported = re.findall(r"from '\./([\w.]+)'", script.read_text(encoding='utf-8'))
        named.update(imported)

    assert named == set(NAMES) - {'index.html'}


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_and_compare_strictly(path: Path) -> None:
    """Scripts set text only, so hostile names are safe without a content policy as well."""
    text = path.read_text(encoding='utf-8')

    for word in ('innerHTML', 'outerHTML', 'insertAdjacent', 'document.write', 'eval(', 'var '):
        assert word not in text
    assert re.findall(r'[^=!]==[^=]|!=[^=]', text) == []
    assert re.match(r'(//.*\n)*\n?/\*\* @file ', text)
    assert len(text.splitlines()) <= 320


def test_the_page_has_no_inline_script_or_style() -> None:
    """The page has no inline script or style, which the content policy would block."""
    page = (FOLDER / 'index.html').read_text(encoding='utf-8')

    assert re.findall(r'\son\w+=|\sstyle=|<style|<script(?![^>]*src=)', page) == []


@pytest.mark.parametrize(
    ('url', 'console'),
    [
        ('http://127.0.0.1:8000', 'http://127.0.0.1:8000/'),
        ('https://arena.example:1', 'https://arena.example:1/'),
        ('http://0.0.0.0:8000', 'http://localhost:8000/'),
        ('http://[::]:8000', 'http://localhost:8000/'),
        ('http://[::1]:8000', 'http://[::1]:8000/'),
    ],
)
def test_the_printed_url_of_the_console_can_be_opened(url: str, console: str) -> None:
    """An address for all networks is replaced by localhost, which a browser can open."""
    assert console_url_of(url) == console


def test_the_files_are_read_from_an_archive_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package declares zip_safe, so the console is served from a zipped package."""
    archive = tmp_path / 'zipped.zip'
    with zipfile.ZipFile(archive, 'w') as packed:
        packed.writestr('zipped/__init__.py', '')
        source = Path(pages.__file__).read_text(encoding='utf-8')
        packed.writestr('zipped/pages.py', source.replace(server.__name__, 'zipped'))
        for path in FILES:
            packed.write(path, f'zipped/console/{path.name}')
    monkeypatch.syspath_prepend(archive)

    zipped = importlib.import_module('zipped.pages')

    assert {route.path for route in zipped.console_routes('')} == {path_of(name) for name in NAMES}

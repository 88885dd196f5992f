"""The files of the console as the server gives them: what is in them, and who may have them."""

from __future__ import annotations

from collections.abc import Iterator
import importlib
from pathlib import Path
import re
import zipfile

import httpx
import pytest
from support.server import rules_of, running_server

from lerobot_arena_ros.server.http import pages
from lerobot_arena_ros.server.serving import console_url_of

FOLDER = Path(pages.__file__).parent / 'console'
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
    """Run a server that wants a token, and lets no pages of other hosts in."""
    with running_server(rules=rules_of(TOKEN)) as address:
        yield address


def path_of(name: str) -> str:
    """Say where a file is served."""
    return '/' if name == 'index.html' else f'/console/{name}'


@pytest.mark.parametrize('prefix', ['', '/api'])
@pytest.mark.parametrize('name', NAMES)
def test_each_file_is_there_without_a_token(url: str, prefix: str, name: str) -> None:
    """As it is in the package, named as what it is; it has to be there to ask for the token."""
    reply = httpx.get(url + prefix + path_of(name))

    assert reply.status_code == 200
    assert reply.content == (FOLDER / name).read_bytes()
    assert reply.headers['content-type'] == KINDS[Path(name).suffix]


@pytest.mark.parametrize('name', NAMES)
def test_a_browser_asks_again_and_is_told_if_it_has_the_file(url: str, name: str) -> None:
    """A new server has a new console, at once; an old one is not sent twice."""
    first = httpx.get(url + path_of(name))
    tag = first.headers['etag']

    for known in (tag, f'W/{tag}', f'"other", {tag}'):
        again = httpx.get(url + path_of(name), headers={'If-None-Match': known})
        assert (again.status_code, again.content) == (304, b'')
        assert again.headers['etag'] == tag
    other = httpx.get(url + path_of(name), headers={'If-None-Match': '"other"'})

    assert first.headers['cache-control'] == 'no-cache'
    assert other.status_code == 200


def test_the_browser_is_told_to_run_nothing_else(url: str) -> None:
    """Nothing but the server's own, in no frame, and scripts make no markup."""
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
    """As whoever watches over a server asks."""
    reply = httpx.head(url)

    assert (reply.status_code, reply.content) == (200, b'')


def test_the_prefix_without_a_slash_leads_to_the_one_with_it(url: str) -> None:
    """By a relative address: what the browser calls the server is known to the browser alone."""
    reply = httpx.get(f'{url}/api')

    assert (reply.status_code, reply.headers['location']) == (307, 'api/')
    assert httpx.get(f'{url}/api', follow_redirects=True).text.startswith('<!doctype html>')


@pytest.mark.parametrize(
    'path',
    ['/console/nothing.js', '/console/', '/console', '/console/../access.py', '/console/%2e%2e/x'],
)
def test_nothing_else_is_served(url: str, path: str) -> None:
    """Files are known by their names, none is looked for; and with a token nothing else opens."""
    headers = {'Authorization': f'Bearer {TOKEN}'}

    assert httpx.get(url + path, headers=headers).status_code == 404
    assert httpx.get(url + path).status_code in (401, 404)


@pytest.mark.parametrize('path', ['/robotics/status', '/metrics', '/openapi.json'])
def test_the_rest_keeps_its_place(url: str, path: str) -> None:
    """And is guarded as before."""
    headers = {'Authorization': f'Bearer {TOKEN}'}

    assert httpx.get(url + path, headers=headers).status_code == 200
    assert httpx.get(url + path).status_code == 401


def test_pages_of_other_hosts_do_not_get_it(url: str) -> None:
    """As they get nothing of this server."""
    assert httpx.get(url, headers={'Origin': 'https://evil.example'}).status_code == 403


def test_the_console_is_no_part_of_the_described_interface(url: str) -> None:
    """What /docs describes is for programs."""
    headers = {'Authorization': f'Bearer {TOKEN}'}
    paths = httpx.get(f'{url}/openapi.json', headers=headers).json()['paths']

    assert [path for path in paths if path == '/' or 'console' in path] == []


@pytest.mark.parametrize('name', NAMES)
def test_no_file_names_another_host_or_an_absolute_path(name: str) -> None:
    """It works without the internet, and below any path; that of SVG is a name, not an address."""
    text = (FOLDER / name).read_text(encoding='utf-8')
    text = text.replace('xmlns="http://www.w3.org/2000/svg"', '')

    assert re.findall(r'(?:https?:|wss?:)?//[\w.-]+\.\w+', text) == []
    assert re.findall(r'(?:src|href|action)="(?:/|[a-z]+:)[^"]*"', text) == []
    assert re.findall(r"""(?:from|import|url|fetch)[ (]+['"]/""", text) == []


def test_what_the_page_names_is_there() -> None:
    """Style, icon, and every module that is imported from another one."""
    page = (FOLDER / 'index.html').read_text(encoding='utf-8')
    named = set(re.findall(r'(?:src|href)="console/([\w.]+)"', page))
    for script in SCRIPTS:
        imported = re.findall(r"from '\./([\w.]+)'", script.read_text(encoding='utf-8'))
        named.update(imported)

    assert named == set(NAMES) - {'index.html'}


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_and_compare_strictly(path: Path) -> None:
    """Names of rooms and joints are anybody's; a browser that knows no policy is safe as well."""
    text = path.read_text(encoding='utf-8')

    for word in ('innerHTML', 'outerHTML', 'insertAdjacent', 'document.write', 'eval(', 'var '):
        assert word not in text
    assert re.findall(r'[^=!]==[^=]|!=[^=]', text) == []
    assert text.startswith('/** @file ')
    assert len(text.splitlines()) <= 320


def test_the_page_has_no_script_or_style_within() -> None:
    """The policy would not let it run."""
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
def test_the_console_is_where_a_browser_can_go(url: str, console: str) -> None:
    """Every network is no place to go to."""
    assert console_url_of(url) == console


def test_the_files_are_read_out_of_an_archive_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package says that it is safe to be zipped."""
    archive = tmp_path / 'zipped.zip'
    with zipfile.ZipFile(archive, 'w') as packed:
        packed.writestr('zipped/__init__.py', '')
        packed.write(pages.__file__, 'zipped/pages.py')
        for path in FILES:
            packed.write(path, f'zipped/console/{path.name}')
    monkeypatch.syspath_prepend(archive)

    zipped = importlib.import_module('zipped.pages')

    assert {route.path for route in zipped.console_routes('')} == {path_of(name) for name in NAMES}

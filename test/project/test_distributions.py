# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The source distribution contains the repository, and an index accepts both distributions."""

from __future__ import annotations

from email import message_from_string
from email.message import Message
from pathlib import Path
import re
import subprocess
import sys
import tarfile
from xml.etree import ElementTree

import pytest
from support.distributions import built, copied_repository, in_git
from support.pages import PAGES, ROOT

PACKAGE = 'lerobot_arena_ros'
MADE = re.compile(rf'PKG-INFO|{PACKAGE}\.egg-info/.*')
"""The files that setuptools adds to a source distribution."""

LINK = re.compile(r'!?\[[^]]*\]\(([^)\s]+)\)')


@pytest.fixture(name='source', scope='module')
def fixture_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the files of the repository."""
    return copied_repository(tmp_path_factory.mktemp('source'))


@pytest.fixture(name='unpacked', scope='module')
def fixture_unpacked(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution and unpack it."""
    folder = tmp_path_factory.mktemp('unpacked')
    command = [sys.executable, 'setup.py', '-q', 'sdist', '--dist-dir', str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (archive,) = folder.glob('*.tar.gz')
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    (top,) = (path for path in folder.iterdir() if path.is_dir())
    return top


def metadata_of(unpacked: Path) -> Message:
    """Return the metadata for an index."""
    return message_from_string((unpacked / 'PKG-INFO').read_text(encoding='utf-8'))


def test_the_source_distribution_is_the_repository(unpacked: Path) -> None:
    """The source distribution has each file of the repository, and no other."""
    files = {p.relative_to(unpacked).as_posix() for p in unpacked.rglob('*') if p.is_file()}

    assert {name for name in files if not MADE.fullmatch(name)} == in_git()


def test_the_links_of_each_page_lead_somewhere_in_it(unpacked: Path) -> None:
    """Each link of a page leads to a file of the source distribution."""
    broken = [
        f'{page}: {target}'
        for page in PAGES
        for target in LINK.findall((unpacked / page).read_text(encoding='utf-8'))
        if ':' not in target and not target.startswith('#')
        if not ((unpacked / page).parent / target.partition('#')[0]).exists()
    ]

    assert broken == []


def test_the_metadata_has_what_an_index_shows(unpacked: Path) -> None:
    """The metadata has the README, addresses, licence, Python versions and topics."""
    told = metadata_of(unpacked)
    labels = [line.partition(', ')[0] for line in told.get_all('Project-URL', [])]

    assert told['Description-Content-Type'] == 'text/markdown'
    assert str(told.get_payload()).startswith('# lerobot_arena_ros')
    assert {'Documentation', 'Issues', 'Source', 'Changelog'} <= set(labels)
    assert told['Home-page'].startswith('https://github.com/')
    assert (told['License'], told['Requires-Python']) == ('Apache-2.0', '>=3.10')
    assert 'ros2' in told['Keywords'].split(',')
    assert 'Typing :: Typed' in told.get_all('Classifier', [])


def test_the_links_of_the_readme_work_on_an_index(unpacked: Path) -> None:
    """The links of the README are absolute, and lead to files of the repository."""
    manifest = ElementTree.parse(ROOT / 'package.xml')
    (repository,) = (
        url.text for url in manifest.findall('url') if url.get('type') == 'repository'
    )
    links = LINK.findall(str(metadata_of(unpacked).get_payload()))
    ours = [
        re.sub(r'^/(blob|raw)/HEAD/', '', link.removeprefix(str(repository)))
        for link in links
        if link.startswith(f'{repository}/')
    ]

    assert [link for link in links if not re.match(r'\w+:', link)] == []
    assert len(ours) > 10
    assert [path for path in ours if not (ROOT / path.partition('#')[0]).exists()] == []


def test_an_index_accepts_both_distributions(source: Path, tmp_path: Path) -> None:
    """``twine check --strict`` accepts the results of ``python -m build``."""
    made = built(source, tmp_path)
    check = [sys.executable, '-m', 'twine', 'check', '--strict', *map(str, made)]
    checked = subprocess.run(check, capture_output=True, text=True)

    assert [path.suffix for path in made] == ['.whl', '.gz']
    assert checked.returncode == 0, checked.stdout

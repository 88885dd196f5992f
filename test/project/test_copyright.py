# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Each source file has the copyright and license header, as ``ament_copyright`` accepts it."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.pages import ROOT

MANIFEST = ElementTree.parse(ROOT / 'package.xml')
FOLDERS = (
    'benchmark',
    'deploy',
    'examples',
    'launch',
    'lerobot_arena_ros',
    'lerobot_plugins',
    'requirements',
    'test',
)
COMMENTS = {'.py': '# {}', '.js': '// {}', '.css': '/* {} */', '.html': '<!-- {} -->'}
"""How a line of the header is commented, by the ending of the file; scripts have none."""

SOURCES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob('*.*')
    if path.suffix in COMMENTS and 'corpus' not in path.parts and path.stat().st_size
)


def header() -> list[str]:
    """Return the header of setup.py, the model of all others, without its comment signs."""
    text, _, _ = (ROOT / 'setup.py').read_text(encoding='utf-8').partition('\n\n')
    return [line.removeprefix('# ') for line in text.splitlines()]


def start_of(path: Path) -> list[str]:
    """Return the first lines of a file, without a shebang or a document type."""
    lines = path.read_text(encoding='utf-8').splitlines()
    return lines[lines[0].startswith(('#!', '<!doctype')) :][: len(header())]


def test_the_header_names_the_holder_and_the_license_of_the_manifest() -> None:
    """The maintainer in package.xml holds the copyright, and the license has its SPDX name."""
    license_line, copyright_line, *_ = header()

    assert license_line == f'SPDX-License-Identifier: {MANIFEST.findtext("license")}'
    assert copyright_line.startswith('Copyright 20')
    assert copyright_line.endswith(f' {MANIFEST.findtext("maintainer")}')


def test_each_source_file_begins_with_the_header() -> None:
    """Python files have the header of setup.py; the others have its first two lines."""
    scripts = sorted((ROOT / '.ci').iterdir())
    without = [
        path.relative_to(ROOT).as_posix()
        for path in (*SOURCES, *scripts)
        if start_of(path)[: len(expected_in(path))] != expected_in(path)
    ]

    assert without == [], 'copy the header from another file'


def expected_in(path: Path) -> list[str]:
    """Return the header as a file of this ending must have it."""
    lines = header() if path.suffix == '.py' else header()[:2]
    return [COMMENTS.get(path.suffix, '# {}').format(line) for line in lines]


def test_ament_copyright_accepts_the_package() -> None:
    """It also compares LICENSE and CONTRIBUTING.md with the texts that it knows."""
    if importlib.util.find_spec('ament_copyright') is None:
        pytest.skip('ament_copyright is not installed: it comes with ROS 2')
    ament_copyright = importlib.import_module('ament_copyright.main')

    assert ament_copyright.main(argv=[str(ROOT)]) == 0

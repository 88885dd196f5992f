# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The configuration of the site that ``make docs`` and rosdoc2 build from this folder.

A page may consist of a file outside this folder: an ``include`` directive names it by its path in
the repository. Both tools need the package on ``sys.path``; rosdoc2 builds a copy of this folder.
"""

from importlib import import_module
import os
from pathlib import Path
import re
from typing import Any
from xml.etree import ElementTree

# rosdoc2 executes this file from another folder, so the repository is found by the package.
ROOT = Path(import_module('lerobot_arena_ros').__path__[0]).resolve().parent
INCLUDE = re.compile(r'^(?:```\{include\} (\S+)\n```|\.\. include:: (\S+))$', re.M)
LINK = re.compile(r'(\[[^]]*\]\()([^)\s#]+)')

manifest = ElementTree.parse(ROOT / 'package.xml')
(repository,) = (each.text for each in manifest.iter('url') if each.get('type') == 'repository')

project = manifest.findtext('name')
version = release = manifest.findtext('version') or ''
author = manifest.findtext('maintainer')
copyright = f'the maintainers of {project}, Apache-2.0'  # noqa: A001 The name that Sphinx reads.

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx_rtd_theme']
# rosdoc2 adds pages of its own, which repeat docs/site/ or have each module.
exclude_patterns = ['index.rst', 'modules.rst', 'standards.rst', 'standard_docs', '__*', '[A-Z]*']
exclude_patterns += [f'{project}*']
highlight_language = 'text'
# Anchors of headings are those of the repository's web pages.
myst_heading_anchors = 4

add_module_names = False
autodoc_member_order = 'bysource'
autodoc_typehints_format = 'short'
python_use_unqualified_type_names = True
# Python's own names are not looked up, because that needs the network.
nitpick_ignore_regex = [
    ('py:class', r'collections\.abc\..*'),
    # Messages of video rooms, which the clients of joint rooms neither send nor receive.
    ('py:class', r'lerobot_arena_ros\.arena\.(video_messages|stream_config)\..*'),
]

html_theme = 'sphinx_rtd_theme'
html_title = f'{project} {version}'
html_theme_options = {'navigation_depth': 3, 'collapse_navigation': False}
html_static_path = ['_static']
html_css_files = ['site.css']
html_show_sourcelink = False


def included(text: str, page: Path) -> list[Path]:
    """Return the files that a page includes, by their paths in the repository."""
    names = (''.join(found.groups('')) for found in INCLUDE.finditer(text))
    return [Path(os.path.normpath(page.parent / name)) for name in names]


def pages_by_file() -> dict[Path, Path]:
    """Return the page of the site for each file outside of this folder that has one."""
    pages = [path for kind in ('md', 'rst') for path in (ROOT / 'docs').rglob(f'*.{kind}')]
    return {
        file: page.relative_to(ROOT)
        for page in pages
        for file in included(page.read_text(encoding='utf-8'), page.relative_to(ROOT))
    }


def with_links_of_the_site(text: str, file: Path, page: Path) -> str:
    """
    Change the links in a text so that they work on the site.

    A link to a file without a page leads to the repository on the web. A link to a file that does
    not exist stays as it is, and Sphinx reports it.

    :param file: the file that the text comes from, by its path in the repository.
    :param page: the page that the text becomes a part of, by its path in the repository.
    """

    def changed(found: re.Match[str]) -> str:
        start, name = found.groups()
        target = Path(os.path.normpath(file.parent / name))
        if ':' in name or not (ROOT / target).exists():
            return found[0]
        target = PAGES.get(target, target)
        if target.parts[0] != 'docs':
            return f'{start}{repository}/blob/HEAD/{target}'
        return start + os.path.relpath(target, page.parent)

    return LINK.sub(changed, text)


def complete(app: Any, docname: str, source: list[str]) -> None:
    """Insert the included files into the source of a page, and change its links."""
    page = Path('docs', docname).with_suffix(Path(app.env.doc2path(docname)).suffix)

    def inserted(found: re.Match[str]) -> str:
        (file,) = included(found[0], page)
        return with_links_of_the_site((ROOT / file).read_text(encoding='utf-8'), file, page)

    source[0] = INCLUDE.sub(inserted, with_links_of_the_site(source[0], page, page))


def setup(app: Any) -> None:
    """Connect the handler to Sphinx."""
    app.connect('source-read', complete)


PAGES = pages_by_file()

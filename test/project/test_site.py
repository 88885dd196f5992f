# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""docs/conf.py: the links of a page work in the repository and on the site."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from types import ModuleType

import pytest
from support.pages import PAGES, ROOT

WEB = 'https://github.com/lerobot-arena-ros/lerobot_arena_ros/blob/HEAD'


@pytest.fixture(name='conf', scope='module')
def fixture_conf() -> ModuleType:
    """Execute the configuration as Sphinx does."""
    spec = util.spec_from_file_location('conf', ROOT / 'docs' / 'conf.py')
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ('file', 'page', 'link', 'expected'),
    [
        ('docs/safety.md', 'docs/safety.md', 'tutorial.md#x', 'tutorial.md#x'),
        ('docs/safety.md', 'docs/safety.md', '../CHANGELOG.rst', 'site/changelog.rst'),
        ('docs/safety.md', 'docs/safety.md', '../README.md#limits', 'index.md#limits'),
        ('docs/safety.md', 'docs/safety.md', '../LICENSE', f'{WEB}/LICENSE'),
        ('README.md', 'docs/index.md', 'docs/safety.md', 'safety.md'),
        ('deploy/README.md', 'docs/site/deploy.md', 'arena.conf', f'{WEB}/deploy/arena.conf'),
        ('deploy/README.md', 'docs/site/deploy.md', '../docs/tutorial.md', '../tutorial.md'),
    ],
)
def test_a_link_leads_to_the_same_file_on_the_site(
    conf: ModuleType, file: str, page: str, link: str, expected: str
) -> None:
    """A link to a page leads to the page, and a link to another file leads to the repository."""
    text = conf.with_links_of_the_site(f'see [it]({link}).', Path(file), Path(page))

    assert text == f'see [it]({expected}).'


@pytest.mark.parametrize('link', ['#limits', 'https://example.org/a.md', 'missing.md', '../no.md'])
def test_other_links_do_not_change(conf: ModuleType, link: str) -> None:
    """Sphinx receives a link to a missing file unchanged, and reports it."""
    page = Path('docs/safety.md')

    assert conf.with_links_of_the_site(f'[it]({link})', page, page) == f'[it]({link})'


def test_a_page_of_the_site_includes_each_page_outside_docs(conf: ModuleType) -> None:
    """A reader of the site finds the pages of the other folders, and the changelog."""
    outside = [page for page in PAGES if not page.startswith('docs/')]

    assert set(conf.PAGES) == {Path(page) for page in (*outside, 'CHANGELOG.rst')}

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""deploy/alerts.yaml: its rules are valid, and use existing metrics of the server."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
import pytest
from support.arena_api import make_room
from support.pages import ROOT, rows_of
from support.required import require
from support.video_rooms import make_video_room
import yaml

FILE = ROOT / 'deploy' / 'alerts.yaml'
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load(FILE.read_text(encoding='utf-8'))['groups']
    for rule in group['rules']
]
OF_PROMETHEUS = {'up': {'job', 'instance'}}
WORDS = {'and', 'ignoring', 'increase', 'rate', 'max_over_time'}


@pytest.mark.parametrize('rule', RULES, ids=[rule['alert'] for rule in RULES])
def test_a_rule_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    """Each rule has a severity, a sentence that names the room or server, and a remedy."""
    assert set(rule) - {'for'} == {'alert', 'expr', 'labels', 'annotations'}
    assert rule['labels']['severity'] in ('critical', 'warning', 'info')
    assert re.search(r'\{\{ \$labels\.(room|instance) \}\}', rule['annotations']['summary'])
    assert rule['annotations']['description'].endswith('.')


@pytest.mark.parametrize('rule', RULES, ids=[rule['alert'] for rule in RULES])
def test_a_rule_uses_what_the_server_counts(rule: dict[str, Any], own_server_url: str) -> None:
    """Each rule uses existing metrics and labels, because an alert would never fire otherwise."""
    make_room(own_server_url)
    make_video_room(own_server_url)
    httpx.get(f'{own_server_url}/robotics/workspaces/lab/rooms/nowhere')
    known = {
        sample.name: {*sample.labels, 'job', 'instance'}
        for family in text_string_to_metric_families(httpx.get(f'{own_server_url}/metrics').text)
        for sample in family.samples
    } | OF_PROMETHEUS
    expression = re.sub(r'"[^"]*"|\[[^]]*\]', '', rule['expr'])
    braces = re.findall(r'(\w+)\{([^}]*)\}', expression)
    names = set(re.findall(r'[a-z_]{2,}', re.sub(r'\{[^}]*\}|\([a-z]+\)', '', expression))) - WORDS

    assert names
    assert names <= set(known)
    for name, matchers in braces:
        assert set(re.findall(r'(\w+)=', matchers)) <= known[name]
    labels = set().union(*(known[name] for name in names))
    for text in rule['annotations'].values():
        assert set(re.findall(r'\$labels\.(\w+)', text)) <= labels


def test_the_page_has_every_alert() -> None:
    """The page lists all alerts in the order of the file."""
    rows = rows_of('docs/howto/monitoring.md', '## Alerts')

    assert [row[0].strip('`') for row in rows] == [rule['alert'] for rule in RULES]


def test_prometheus_takes_the_rules() -> None:
    """The checker of Prometheus accepts the file."""
    checker = shutil.which('promtool')
    require('promtool', checker, 'promtool is not installed; it comes with prometheus')
    command = [str(checker), 'check', 'rules', str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f'{len(RULES)} rules found' in done.stdout

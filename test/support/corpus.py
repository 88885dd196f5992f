# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The stored hostile input. Each file is named by its contents; each is a test and a fuzzer's seed.

Input that a fuzzer finds becomes another file. Input that is too long for a file is made here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
import pytest

__all__ = ['EXAMPLES', 'FUZZ', 'cases', 'mutated', 'texts']

CORPUS = Path(__file__).resolve().parents[1] / 'corpus'
DEPTH = 100_000

EXAMPLES = int(os.environ.get('FUZZ_EXAMPLES', '100'))

FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= 100,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""
Run the same examples each time, because what they find is stored as a file.

``make fuzz`` runs more of them, and others each time.
"""

_TOKENS = (
    *('{', '}', '[', ']', '"', ':', ',', '\\', '\\u0000', '\\ud800', '\x00', '\ufeff', '\u2028'),
    *(
        'null',
        'true',
        'NaN',
        '-Infinity',
        '1e400',
        '-0.0',
        '1' + '0' * 400,
        '9' * 5000,
        '[' * 2000,
    ),
    *('"type":', '"data":', '"name":', '"value":', '"emergency_stop"', '"joint_update"', '"a":1,'),
    *('<', '/>', '<joint name="', '<limit lower="', '<!DOCTYPE x>', '&#0;', '&amp;', ']]>', '٣'),
)

_ATTRIBUTES = [f'a{n}=""' for n in range(9_000)]

_MADE = {
    'frames': {
        'lists_100000_deep': '[' * DEPTH,
        'objects_40000_deep': '{"a":' * 40_000,
        'stop_100000_deep': f'{{"type":"emergency_stop","reason":{"[" * DEPTH}{"]" * DEPTH}}}',
        'key_of_200000_characters': f'{{"{"k" * 200_000}": 1}}',
        'lists_by_the_ten_thousand': f'{{"data": [{"[]," * 60_000}[]]}}',
        'keys_by_the_ten_thousand': json.dumps(dict.fromkeys(range(15_000))),
    },
    'bodies': {
        'lists_10000_deep': '[' * 10_000,
        'keys_by_the_thousand': json.dumps(dict.fromkeys(range(4_000))),
    },
    'urdf': {
        'elements_100000_deep': f'<robot>{"<a>" * DEPTH}{"</a>" * DEPTH}</robot>',
        'elements_that_do_not_end': '<robot>' + '<a>' * DEPTH,
        'attributes_by_the_thousand': f'<robot {" ".join(_ATTRIBUTES)}/>',
        'name_of_a_million_characters': f'<robot><joint name="{"n" * 1_000_000}" type="continuous"'
        '/></robot>',
    },
}


def cases(kind: str) -> list[object]:
    """Return the corpus of a kind as test parameters: the bytes, with the file's name as id."""
    kept = {path.stem: path.read_bytes() for path in sorted((CORPUS / kind).iterdir())}
    made = {name: text.encode() for name, text in _MADE.get(kind, {}).items()}
    return [pytest.param(data, id=name) for name, data in {**kept, **made}.items()]


def texts(kind: str) -> list[str]:
    """Return the files of a kind that are UTF-8, as texts."""
    found = []
    for path in sorted((CORPUS / kind).iterdir()):
        try:
            found.append(path.read_bytes().decode())
        except UnicodeDecodeError:
            continue
    return found


@st.composite
def mutated(draw: st.DrawFn, seeds: list[str]) -> str:
    """Cut, repeat or fill one of the seeds, or join two of them."""
    text: str = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.sampled_from(('', text[start:end] * 2, *_TOKENS)) | st.text(max_size=8))
        text = text[:start] + piece + text[end:]
    return text

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""JSON with and without orjson: values, output and errors are the same."""

from __future__ import annotations

from collections.abc import Callable
import json

from hypothesis import example, given
from hypothesis import strategies as st
import pytest
from support.corpus import FUZZ, cases, mutated, texts

from lerobot_arena_ros.arena import json_text
from lerobot_arena_ros.arena.json_text import dump, load, plain_dump, plain_load

BOUNDS = (0, 2**53, 2**63, 2**64, 10**18, 10**19, 10**20)

digits = st.text('0123456789', min_size=1, max_size=25)
numbers = st.one_of(
    st.builds('{}{}'.format, st.sampled_from(('', '-')), digits),
    st.builds('{}.{}e{}'.format, digits, digits, st.integers(-400, 400)),
    st.floats().map(repr),
    st.builds(lambda bound, off: str(bound + off), st.sampled_from(BOUNDS), st.integers(-2, 2)),
    st.builds(lambda bound, off: str(off - bound), st.sampled_from(BOUNDS), st.integers(-2, 2)),
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**66), 2**66)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from((b'no JSON', 'null', 'Öse', '\ud800', 'a\udfff')),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


def outcome(work: Callable[[], object]) -> str:
    """Return a text that distinguishes results, for example 1 from 1.0 and 0.0 from -0.0."""
    try:
        return repr(work())
    except (ValueError, TypeError) as exc:
        return f'{type(exc).__name__}: {exc}'
    except RecursionError:
        return 'too deep'


def check_read(text: str) -> None:
    """Check that a text is parsed to the same value, or refused with the same error."""
    assert outcome(lambda: load(text)) == outcome(lambda: plain_load(text))


@pytest.mark.parametrize('data', cases('frames'))
def test_the_corpus_of_frames_is_read_alike(data: bytes) -> None:
    """Each frame of the corpus has the same result with and without orjson."""
    check_read(data.decode('utf-8', 'surrogateescape'))


@FUZZ
@given(mutated(texts('frames')))
@example('{"a": 1, "b": 2, "a": 3}')
@example('["\\ud800", "\\ud83d\\ude00", "\\u0000", "\x7f", "\u2028"]')
@example('[-0, -0.0, 0e5, 1E400, 5e-324, 2.2250738585072011e-308]')
@example('\ufeff{}')
def test_mutated_frames_are_read_alike(text: str) -> None:
    """Mutated frames have the same result, including the error text."""
    check_read(text)


@FUZZ
@given(numbers)
def test_numbers_are_read_alike(text: str) -> None:
    """Numbers are parsed to the same value, to the last digit, and to the same type."""
    check_read(text)
    check_read(f'{{"type": "joint_update", "data": [{{"name": "a", "value": {text}}}]}}')


@FUZZ
@given(values)
@example({'type': 'emergency_stop', 'reason': 'half a \ud800'})
@example({'speed': None, 'value': float('nan')})
@example([1e16, 1e-7, -0.0, 2**64 - 1, -(2**63)])
def test_values_are_written_alike(value: object) -> None:
    """The same values are refused; output is ASCII and is parsed to the same value."""
    try:
        plain = plain_dump(value)
    except (ValueError, TypeError):
        assert outcome(lambda: dump(value)) == outcome(lambda: plain_dump(value))
    else:
        text = dump(value)
        assert text.isascii()
        assert repr(json.loads(text)) == repr(json.loads(plain))


def test_a_value_that_contains_itself_is_refused() -> None:
    """The error text is that of Python's ``json``."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ValueError, match='Circular'):
        dump(endless)


def test_without_orjson_json_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without orjson reads and writes the same."""
    monkeypatch.setattr(json_text, 'orjson', None)

    assert load('{"a": [1, 2.5]}') == {'a': [1, 2.5]}
    assert dump({'a': [1, 2.5]}) == '{"a":[1,2.5]}'

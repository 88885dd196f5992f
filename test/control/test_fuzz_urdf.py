# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Any text as robot_description is either rejected or has valid limits."""

from __future__ import annotations

import math
import tracemalloc

from hypothesis import given
import pytest
from support.corpus import FUZZ, cases, mutated, texts

from lerobot_arena_ros.control.urdf import (
    MAX_URDF_CHARS,
    UrdfError,
    UrdfJoint,
    read_joints,
)


def check(text: str) -> dict[str, UrdfJoint]:
    """Check that a text gives valid limits, reported faults or a printable UrdfError."""
    try:
        description = read_joints(text)
    except UrdfError as exc:
        assert len(str(exc)) < 300
        str(exc).encode()
        return {}
    for name, fault in description.odd.items():
        assert name
        assert 0 < len(fault) < 200
        fault.encode()
    for name, joint in description.joints.items():
        assert name
        if joint.continuous or name in description.odd:
            assert joint.lower is joint.upper is None
        if joint.lower is not None and joint.upper is not None:
            assert -math.inf < joint.lower <= joint.upper < math.inf
        assert joint.max_velocity is None or 0.0 < joint.max_velocity < math.inf
    return dict(description.joints)


@pytest.mark.parametrize('data', cases('urdf'))
def test_the_corpus_of_descriptions_is_read_or_refused(data: bytes) -> None:
    """Each description of the corpus is read, or raises a UrdfError."""
    check(data.decode())


@FUZZ
@given(mutated(texts('urdf') + texts('descriptions')))
def test_damaged_descriptions_are_read_or_refused(text: str) -> None:
    """Each damaged description is read, or raises a UrdfError."""
    check(text)


@pytest.mark.parametrize('digits', ['1_000', '٣', '1,5', '0x1p3', 'nan', '${pi}', '', '--1'])
def test_a_number_is_one_for_every_reader_of_urdf(digits: str) -> None:
    """A text that only Python accepts as a number is not a number."""
    limit = f'<limit lower="-1" upper="{digits}"/>'
    description = read_joints(f'<robot><joint name="j" type="revolute">{limit}</joint></robot>')

    assert description.odd == {'j': f'upper={digits!r} is not a number'}
    assert description.joints == {'j': UrdfJoint(None, None, None, False, False)}


def test_only_what_belongs_to_a_joint_is_its_limit() -> None:
    """The limit of a joint is its first direct <limit> child, as for other parsers."""
    inner = '<joint name="k" type="revolute"><limit lower="5" upper="6"/></joint>'
    joint = f'<joint name="j" type="revolute">{inner}<limit lower="0" upper="1"/>{inner}</joint>'

    joints = check(f'<robot>{joint}<a>{inner}</a></robot>')

    assert joints == {'j': UrdfJoint(0.0, 1.0, None, False, False)}


def test_a_description_as_long_as_allowed_takes_little_memory() -> None:
    """A description with two million elements needs little memory."""
    text = '<robot>%s</robot>' % ('<a/>' * ((MAX_URDF_CHARS - 20) // 4))
    tracemalloc.start()
    try:
        assert read_joints(text).joints == {}
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * MAX_URDF_CHARS

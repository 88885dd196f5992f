# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Which joints are left out of updates, how long, and with which reason."""

from __future__ import annotations

import math

import pytest

from lerobot_arena_ros.nodes.bridge.left_out import LeftOut


def test_a_joint_without_a_name_is_left_out() -> None:
    """A joint without a name is left out, because no update may contain it."""
    left_out = LeftOut()

    assert left_out.sendable({'a': 1.0, '': 2.0}) == {'a': 1.0}
    assert left_out.joints == {'': 'a joint needs a name in the room'}


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf, 1e300, -1e13])
def test_a_position_that_cannot_be_is_left_out_while_it_lasts(value: float) -> None:
    """An impossible position is left out while it lasts, also between messages of other joints."""
    left_out = LeftOut()

    assert left_out.measured({'a': value, 'b': 1.0}, ()) == {'b': 1.0}
    assert left_out.measured({'b': 2.0}, ()) == {'b': 2.0}
    assert left_out.joints == {'a': f'measured at {value}'}
    assert left_out.measured({'a': 0.0}, ()) == {'a': 0.0}
    assert left_out.joints == {}


def test_a_joint_that_is_not_sent_anyway_is_not_left_out() -> None:
    """A NaN of a joint that is not sent is ignored: drivers write it for mimic joints."""
    left_out = LeftOut()

    assert left_out.measured({'mimic': math.nan, 'b': 1.0}, ('b',)) == {'b': 1.0}
    assert not left_out
    assert left_out.measured({'mimic': math.nan, 'b': math.inf}, ('b',)) == {}
    assert left_out.joints == {'b': 'measured at inf'}

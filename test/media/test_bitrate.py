# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.bitrate: how the bitrate follows the loss that viewers report."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.media.bitrate import BitrateBounds, BitrateControl

BOUNDS = BitrateBounds(highest=1_000_000, lowest=200_000)


def test_the_bitrate_falls_with_loss_to_the_lowest_and_no_further() -> None:
    """The worst viewer decides, because all share one encoding."""
    control, now = BitrateControl(BOUNDS, 0.0), 0.0
    seen = []
    for _ in range(60):
        now += 1.0
        control.report('good', 0.0, now)
        control.report('bad', 0.3, now)
        if (changed := control.update(now)) is not None:
            seen.append(changed)

    assert seen[0] == 700_000
    assert seen == sorted(seen, reverse=True)
    assert control.bitrate == 200_000


def test_the_bitrate_rises_again_after_the_loss() -> None:
    """It rises in steps, and not above the highest."""
    control = BitrateControl(BOUNDS, 0.0)
    control.report('viewer', 0.5, 3.0)
    assert control.update(3.0) == 500_000
    control.report('viewer', 0.0, 4.0)

    rises = [bitrate for second in range(4, 60) if (bitrate := control.update(float(second)))]

    assert rises[0] == 625_000
    assert rises[-1] == control.bitrate == 1_000_000


def test_a_little_loss_changes_nothing() -> None:
    """Lost packets are sent again, so that a little loss does no harm."""
    control = BitrateControl(BOUNDS, 0.0)
    for second in range(30):
        control.report('viewer', 0.05, float(second))
        assert control.update(float(second)) is None


def test_changes_are_not_frequent() -> None:
    """Each costs a key frame."""
    control = BitrateControl(BOUNDS, 0.0)
    changes = []
    for tick in range(100):
        control.report('viewer', 0.15, tick / 10)
        if control.update(tick / 10):
            changes.append(tick / 10)

    assert all(
        later - earlier >= 2.0 for earlier, later in zip(changes, changes[1:], strict=False)
    )


def test_a_viewer_that_left_counts_no_more() -> None:
    """Neither if it left, nor if it vanished."""
    control = BitrateControl(BOUNDS, 0.0)
    control.report('left', 0.5, 3.0)
    control.forget('left')
    control.report('vanished', 0.5, 3.0)

    assert control.update(8.5) is None


@pytest.mark.parametrize(('highest', 'lowest'), [(100, 200), (100, 0)])
def test_bounds_must_be_ordered(highest: int, lowest: int) -> None:
    """The error names both."""
    with pytest.raises(ValueError, match=f'{lowest} and {highest}'):
        BitrateBounds(highest=highest, lowest=lowest)

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.control.camera_watch: when a required camera shows nothing new."""

from __future__ import annotations

from lerobot_arena_ros.control.camera_watch import CameraWatch


def test_without_required_cameras_nothing_is_in_the_way() -> None:
    """Reports of other cameras do not count."""
    watch = CameraWatch((), 1.0)
    watch.note('front', 0.0, age_s=100.0)

    assert watch.obstacle(1000.0) is None


def test_each_required_camera_has_to_deliver() -> None:
    """The text names the first camera without a picture."""
    watch = CameraWatch(('front', 'wrist'), 1.0)
    assert 'the camera front' in (watch.obstacle(0.0) or '')

    watch.note('front', 0.0, age_s=0.0)
    assert 'the camera wrist' in (watch.obstacle(0.0) or '')

    watch.note('wrist', 0.5, age_s=0.0)
    assert watch.obstacle(1.0) is None
    assert 'front is 1.5 s old' in (watch.obstacle(1.5) or '')


def test_the_age_of_a_picture_counts_from_its_stamp() -> None:
    """A picture that arrives late is as old as its stamp; one of the near future is new."""
    watch = CameraWatch(('front',), 1.0)
    watch.note('front', 10.0, age_s=0.8)
    assert watch.obstacle(10.1) is None
    assert watch.obstacle(10.3) is not None

    watch.note('front', 10.3, age_s=-1.0)
    assert watch.obstacle(11.2) is None
    assert watch.obstacle(11.4) is not None


def test_an_older_picture_does_not_replace_a_newer_one() -> None:
    """Reports may arrive in another order."""
    watch = CameraWatch(('front',), 1.0)
    watch.note('front', 10.0, age_s=0.0)
    watch.note('front', 10.1, age_s=5.0)

    assert watch.obstacle(10.9) is None


def test_after_a_jump_of_the_clock_nothing_is_recent() -> None:
    """Ages are absolute differences."""
    watch = CameraWatch(('front',), 1.0)
    watch.note('front', 1000.0, age_s=0.0)

    assert watch.obstacle(10.0) is not None


def test_a_stamp_far_in_the_future_does_not_count() -> None:
    """The age of such a picture is not known; the next one with a usable stamp counts."""
    watch = CameraWatch(('front',), 1.0)
    watch.note('front', 10.0, age_s=0.0)
    watch.note('front', 10.1, age_s=-5.0)
    assert 'front are 5.0 s in the future' in (watch.obstacle(10.1) or '')

    watch.note('front', 10.2, age_s=0.1)
    assert watch.obstacle(10.2) is None


def test_a_camera_that_several_nodes_report_does_not_count() -> None:
    """The reports do not show whose picture is new, so the cause names the nodes."""
    watch = CameraWatch(('front',), 1.0)
    watch.note('front', 10.0, age_s=0.0)
    watch.note_nodes('front', 2, ['/a', '/b'])
    watch.note_nodes('other', 2, ['/a', '/b'])
    assert 'camera front: /a, /b; give each robot' in (watch.obstacle(10.0) or '')

    watch.note_nodes('front', 2, ['/a', '/a'])
    assert 'killed node' in (watch.obstacle(10.0) or '')

    watch.note_nodes('front', 1, ())
    assert watch.obstacle(10.0) is None


def test_a_camera_that_no_node_reports_is_named() -> None:
    """The cause differs from that of a camera without a viewer."""
    watch = CameraWatch(('front',), 1.0)
    watch.note_nodes('front', 0, ())
    assert 'start arena_camera' in (watch.obstacle(0.0) or '')

    watch.note_nodes('front', 1, ())
    assert 'no viewer' in (watch.obstacle(0.0) or '')

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Whether measured positions are sent, and the text if they are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lerobot_arena_ros.control.causes import CONNECTING
from lerobot_arena_ros.control.condition import Condition, Level, Severity
from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.send_watch import SendWatch
from lerobot_arena_ros.control.units import Unit

NAMES = ('j1', 'j2')
JOINTS = JointMap([Joint(name, name, Unit.RADIANS) for name in NAMES])
PERIOD_S = 0.02


def ready(joint_map: JointMap = JOINTS, *, has_deadband: bool = False) -> SendWatch:
    """Return the watch of an active node in its room, with one publisher."""
    watch = SendWatch(joint_map, has_deadband=has_deadband)
    watch.is_enabled = True
    watch.link = None
    watch.note_publishers(1, (), '/arm/joint_states')
    return watch


def sending(now: float = 10.0) -> SendWatch:
    """Return a watch that has just sent both joints."""
    watch = ready()
    move(watch, now)
    return watch


def move(watch: SendWatch, now: float, *names: str) -> None:
    """Record a measurement of these joints, or of all, and send it."""
    watch.take(names or NAMES, now)
    watch.missing = ()
    watch.offer(now)
    watch.send(now)


def condition(watch: SendWatch, now: float, period_s: float = PERIOD_S) -> Condition:
    """Return the condition."""
    return watch.condition(now, period_s=period_s)


def disable(watch: SendWatch) -> None:
    """Deactivate the node."""
    watch.is_enabled = False


def lose(watch: SendWatch) -> None:
    """Lose the room."""
    watch.link = 'not in the room: gone'


def forget(watch: SendWatch) -> None:
    """Join again, so that the joints have to be measured again."""
    watch.missing = ('j2',)
    watch.take(('j1',), 13.0)


Happen = Callable[[SendWatch], object]

FAULTS: dict[str, tuple[Happen, str]] = {
    'inactive': (disable, 'inactive: activate the node'),
    'link': (lose, 'not in the room: gone'),
    'silent': (lambda watch: None, 'no joint_states for 3.0 s: check the driver'),
    'no publisher': (
        lambda watch: watch.note_publishers(0, (), '/arm/joint_states'),
        'nothing publishes joint_states on /arm/joint_states: start the driver',
    ),
    'dropped': (lambda watch: watch.drop('j2 is measured at nan', 12.9), 'j2 is measured at nan'),
    'missing': (forget, 'no joint_states of j2 yet: check the driver'),
}


@pytest.mark.parametrize('name', FAULTS)
def test_what_was_sent_and_is_not_any_more_is_a_warning_with_cause_and_age(name: str) -> None:
    """If sending has ended, the condition is a warning with the cause and the age."""
    happen, cause = FAULTS[name]
    watch = sending()
    happen(watch)

    found = condition(watch, 13.0)

    assert found.level is Level.WARN
    assert found.text.startswith(f'nothing is sent: {cause}')
    assert found.text.endswith('(last sent 3.0 s ago)')
    is_normal = name == 'inactive'
    assert found.severity is (Severity.INFO if is_normal else Severity.WARN)


@pytest.mark.parametrize('name', FAULTS)
def test_what_was_never_sent_is_stale_with_its_cause(name: str) -> None:
    """If nothing was ever sent, the condition is STALE with the cause."""
    happen, cause = FAULTS[name]
    watch = ready()
    happen(watch)

    found = condition(watch, 13.0)

    assert found.level is Level.STALE
    expected = 'no joint_states of j1, j2 yet' if name == 'silent' else cause
    assert found.text.startswith(f'nothing is sent: {expected}')


def test_sending_is_well_until_one_and_a_half_seconds_after_the_last() -> None:
    """The condition is OK until 1.5 s after the last message was sent."""
    watch = sending(10.0)

    assert condition(watch, 11.5) == (Level.OK, 'sending', Severity.NONE)
    assert condition(watch, 11.6).level is Level.WARN


def test_a_low_rate_is_well_for_a_period_longer() -> None:
    """At a low rate, the condition is OK for one period longer."""
    watch = sending(10.0)
    watch.take(NAMES, 16.0)
    watch.offer(16.0)

    assert condition(watch, 16.0, period_s=5.0).text == 'sending'


def test_an_arm_that_rests_within_the_deadband_is_ok() -> None:
    """An arm that rests within the deadband is OK, and the text has the reason."""
    watch = ready(has_deadband=True)
    move(watch, 10.0)
    watch.take(NAMES, 50.0)

    found = condition(watch, 50.0)

    assert found.is_ok
    assert found.text == 'no joint moves further than produce.deadband (last sent 40.0 s ago)'


def test_a_connection_that_takes_nothing_is_named() -> None:
    """A connection that accepts no data is reported."""
    watch = sending(10.0)
    watch.offer(10.1)
    watch.take(NAMES, 13.0)

    assert 'the connection to the server accepts no data' in condition(watch, 13.0).text


def test_one_joint_that_is_silent_is_named_while_the_others_are_sent() -> None:
    """A silent joint is reported while the others are sent."""
    watch = sending(10.0)
    move(watch, 13.0, 'j1')

    found = condition(watch, 13.0)

    assert found.level is Level.WARN
    assert found.text == (
        'no joint_states of j2 for 3.0 s, so that the last position is sent: check the driver'
    )
    move(watch, 13.1)
    assert condition(watch, 13.1).is_ok


def test_joints_of_another_robot_are_no_measurement() -> None:
    """Measurements of joints that are not sent do not count."""
    watch = sending(10.0)
    watch.take(('tail',), 13.0)

    assert 'no joint_states for 3.0 s' in condition(watch, 13.0).text


def test_several_publishers_are_named() -> None:
    """Several publishers are reported, because they may overwrite each other."""
    watch = sending(10.0)
    watch.note_publishers(2, ('/arm', '/gui'), '/arm/joint_states')

    found = condition(watch, 10.0)

    assert found.level is Level.WARN
    assert '2 publishers of joint_states: /arm, /gui; end all but one' in found.text


def test_joints_without_a_range_are_named_before_any_is_measured() -> None:
    """Joints without a range are reported first, with the text of gate and mapping."""
    watch = ready(JointMap([Joint('j1', 'j1', Unit.NORMALIZED)]))

    assert 'range of j1 is unknown: set joint_map' in condition(watch, 1.0).text


def test_a_room_that_is_being_joined_is_no_fault() -> None:
    """Connecting to a room is not a fault."""
    watch = ready()
    watch.link = CONNECTING

    assert condition(watch, 1.0).severity is Severity.INFO


def test_a_room_that_was_just_joined_again_is_not_well_before_something_is_sent() -> None:
    """After a rejoin, the condition is not OK before something is sent."""
    watch = sending(10.0)
    watch.take(NAMES, 50.0)

    assert condition(watch, 50.0) == (
        Level.STALE,
        'nothing new yet (last sent 40.0 s ago)',
        Severity.NONE,
    )


def test_a_joint_that_is_not_sent_any_more_is_not_silent() -> None:
    """After a rejoin, joints that are no longer measured are not reported as silent."""
    watch = ready(JointMap([], others=Unit.RADIANS))
    move(watch, 10.0, 'j1', 'gone')
    watch.begin()
    move(watch, 20.0, 'j1')

    assert condition(watch, 20.0).text == 'sending'


def test_an_update_that_the_server_refuses_is_a_warning() -> None:
    """An update that the server rejects is a warning."""
    watch = sending()
    watch.refuse('Failed to process joint update', None, 9.9)

    found = condition(watch, 10.0)

    assert found.level is Level.WARN
    assert 'Failed to process joint update; check the names' in found.text
    watch.refuse('Too many messages', 'rate_limited', 9.9)
    assert 'Too many messages; lower produce.max_rate_hz' in condition(watch, 10.0).text
    watch.take(('j1', 'j2'), 12.0)
    watch.send(12.0)
    assert condition(watch, 12.0).is_ok


def test_what_has_no_effect_is_reported_although_it_is_sent() -> None:
    """Somebody else has control of the room, which is no fault."""
    watch = sending()
    watch.without_control = 'what is sent has no effect: person has control'

    assert condition(watch, 10.0) == Condition(
        Level.WARN, 'what is sent has no effect: person has control', Severity.INFO
    )


def test_an_interruption_and_an_advice_are_separate() -> None:
    """An interruption and an advice are reported separately."""
    watch = sending()
    watch.note_publishers(2, ('/arm', '/gripper'), '/joint_states')
    assert watch.obstacle(10.0, period_s=0.01) is None
    assert watch.advice(10.0) is not None

    watch.link = 'not in the room: gone'
    assert watch.obstacle(10.0, period_s=0.01) is not None


def test_the_age_of_what_waits_counts_from_the_first_offer() -> None:
    """A later offer does not hide that the connection accepts no data."""
    watch = sending(10.0)
    for now in (10.1, 13.0):
        watch.offer(now)
    watch.take(NAMES, 13.0)

    assert 'the connection to the server accepts no data' in condition(watch, 13.0).text


def test_joints_that_are_left_out_of_what_is_sent_are_a_warning() -> None:
    """What is sent without a joint is a warning with the reason."""
    watch = sending(10.0)
    watch.left_out = {'j2': 'not finite'}

    found = condition(watch, 10.1)

    assert found.level is Level.WARN
    assert 'left out of what is sent' in found.text
    assert "'j2' (not finite)" in found.text


def test_where_every_joint_is_left_out_nothing_is_sent() -> None:
    """If no joint has a usable position, that is the reason why nothing is sent."""
    watch = ready()
    watch.take(NAMES, 10.0)
    watch.left_out = {'j1': 'not finite'}
    watch.missing = ('j1',)

    assert 'no usable position of' in condition(watch, 10.1).text

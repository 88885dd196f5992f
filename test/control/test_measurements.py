# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The measurements of joints: their age, their plausibility, and their velocity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from lerobot_arena_ros.control.gate_settings import GateJoint
from lerobot_arena_ros.control.joint_track import BURST_S, CONTRADICTION_S, NOISE_RAD
from lerobot_arena_ros.control.measurements import Measurements
from lerobot_arena_ros.control.slew import VelocityRamp
from lerobot_arena_ros.control.stamps import Unusable

FASTEST = 8.0
RAMP = VelocityRamp(0.5, 2.0, 2.0)
PAN = GateJoint('pan', -3.14, 3.14, RAMP, max_measured_velocity=FASTEST)
LIFT = GateJoint('lift', 0.0, 3.0, RAMP, max_measured_velocity=FASTEST)
SLIDE = GateJoint(
    'slide', 0.0, 0.2, RAMP, max_measured_velocity=0.8, limit_tolerance=0.01, is_sliding=True
)
MAX_AGE_S = 0.5
STAMPS_S = 1.7e9
"""The time of the publishers' clock when the steady clock is at 0."""


def measuring(*joints: GateJoint) -> Measurements:
    """Return measurements of joints that were not measured yet."""
    measured = Measurements(MAX_AGE_S)
    measured.set_joints(joints or (PAN, LIFT))
    return measured


def stamped(measured: Measurements, name: str, position: float, at: float) -> Unusable | None:
    """Record a stamped measurement of one joint that arrives at once."""
    return measured.take({name: position}, at, stamp_s=STAMPS_S + at)


def follow(measured: Measurements, positions: Iterable[tuple[float, float]]) -> None:
    """Record measurements of pan at these times and positions, without stamps."""
    for at, position in positions:
        measured.take({'pan': position}, at)


# ----- age


def test_the_age_of_a_measurement_counts_from_its_stamp() -> None:
    """The age counts from the stamp. A message that took 0.4 s counts for 0.1 s more."""
    measured = measuring()
    assert measured.take({'pan': 1.0}, 10.0, age_s=0.4, stamp_s=STAMPS_S) is None

    assert measured.fresh('pan', 10.09) == 1.0
    assert measured.fresh('pan', 10.11) is None
    assert measured.last('pan') == (1.0, 9.6)


@pytest.mark.parametrize(
    ('age_s', 'text'),
    [
        pytest.param(3.2, '3.2 s old', id='late'),
        pytest.param(3600.0, '3600.0 s old', id='an hour old'),
        pytest.param(-0.3, '0.3 s ahead', id='a little ahead'),
        pytest.param(-3600.0, '3600.0 s ahead', id='an hour ahead'),
    ],
)
def test_a_stamp_that_is_far_from_the_clock_does_not_count(age_s: float, text: str) -> None:
    """A stamp far from the clock is rejected, with the difference and what to check."""
    measured = measuring(PAN)

    unusable = measured.take({'pan': 1.0}, 10.0, age_s=age_s, stamp_s=STAMPS_S)

    assert unusable is not None
    assert unusable.reason == 'age'
    assert measured.fresh('pan', 10.0) is None
    assert measured.missing(10.0) == (
        f'no usable joint_states: joint_states are {text}: is the clock of the driver set?'
    )


def test_a_stamp_that_is_a_little_ahead_is_fresh() -> None:
    """A stamp slightly ahead of the clock is accepted, and does not count for longer."""
    measured = measuring(PAN)

    assert measured.take({'pan': 1.0}, 10.0, age_s=-0.09, stamp_s=STAMPS_S) is None

    assert measured.fresh('pan', 10.5) == 1.0
    assert measured.fresh('pan', 10.51) is None


def test_a_clock_at_zero_is_named() -> None:
    """With use_sim_time and without /clock, nothing counts, and the text has the reason."""
    measured = measuring(PAN)

    measured.take({'pan': 1.0}, 10.0, age_s=-123.456, stamp_s=123.456)

    assert measured.fresh('pan', 10.0) is None
    assert 'the clock of this node is at 0' in str(measured.missing(10.0))


def test_a_stamp_that_stands_still_grows_old_though_the_clock_stands_still_too() -> None:
    """A repeated stamp becomes old, even if the clock of this node does not run."""
    measured = measuring(PAN)
    for count in range(60):
        unusable = measured.take({'pan': 1.0}, 10.0 + 0.01 * count, age_s=0.0, stamp_s=STAMPS_S)

    assert unusable is not None
    assert unusable.reason == 'stamp'
    assert measured.fresh('pan', 10.59) is None
    assert 'repeat the stamp of 0.5 s ago' in str(measured.missing(10.59))


def test_a_coarse_clock_is_no_contradiction() -> None:
    """Ten measurements with the same stamp of a coarse clock are accepted."""
    measured = measuring(PAN)
    for count in range(100):
        at = 0.01 * count
        age_s = at % 0.1
        stamp_s = STAMPS_S + round(at - age_s, 3)
        assert measured.take({'pan': 2.0 * at}, at, age_s=age_s, stamp_s=stamp_s) is None

    assert measured.fresh('pan', 0.99) == 1.98


def test_stamps_that_go_back_are_dropped() -> None:
    """A measurement with an older stamp than the last one is dropped."""
    measured = measuring()
    stamped(measured, 'pan', 1.0, 10.0)

    unusable = measured.take({'pan': 0.99}, 10.01, age_s=0.02, stamp_s=STAMPS_S + 9.99)

    assert unusable == Unusable('order', 'joint_states went back in time: pan by 0.010 s')
    assert measured.fresh('pan', 10.01) == 1.0


def test_a_clock_that_is_set_back_is_followed_after_a_moment() -> None:
    """After the clocks of driver and bridge were set back, measurements soon count again."""
    measured = measuring()
    stamped(measured, 'pan', 1.0, 10.0)

    counted = []
    for count in range(1, 101):
        at = 10.0 + 0.01 * count
        measured.take({'pan': 1.0}, at, stamp_s=STAMPS_S - 3600.0 + at)
        counted.append(measured.last('pan')[1] == at)

    assert not any(counted[:50])
    assert all(counted[51:])


# ----- contradictions


@pytest.mark.parametrize('is_stamped', [True, False], ids=['stamped', 'unstamped'])
def test_two_inconsistent_publishers_are_rejected(is_stamped: bool) -> None:
    """Two inconsistent publishers are rejected from the second message on."""
    measured = measuring(PAN)
    seen = []
    for count in range(300):
        at = 0.01 * count
        stamp_s = STAMPS_S + at if is_stamped else None
        measured.take({'pan': 1.52 * (count % 2)}, at, stamp_s=stamp_s)
        seen.append(measured.fresh('pan', at))

    assert set(seen[1:]) == {None}
    assert measured.implausible(3.0) == (
        'joint_states contradict themselves: pan jumped by 1.52 rad in 0.01 s; check the driver'
    )


def test_several_publishers_are_named_in_the_contradiction() -> None:
    """The text of a contradiction has the publishers if there are several."""
    measured = measuring(PAN)
    stamped(measured, 'pan', 0.0, 0.0)
    stamped(measured, 'pan', 1.0, 0.01)

    assert str(measured.implausible(0.02)).endswith('in 0.01 s; check the driver')
    measured.note_publishers(['/driver', '/gui'], silent_topic=None)
    assert 'in 0.01 s; published by /driver, /gui: end one' in str(measured.implausible(0.02))


def test_the_largest_contradiction_is_named() -> None:
    """The text has the largest contradiction, for any order of the joints."""
    measured = measuring()
    measured.take({'pan': 0.0, 'lift': 0.0}, 0.0)
    measured.take({'pan': 0.5, 'lift': 1.5}, 0.01)

    assert 'lift jumped by 1.5 rad' in str(measured.implausible(0.01))


def test_a_contradiction_ends_when_measurements_agree_for_a_while() -> None:
    """A contradiction ends after consistent measurements, and the newest one counts."""
    measured = measuring(PAN)
    stamped(measured, 'pan', 0.0, 0.0)
    stamped(measured, 'pan', 1.0, 0.01)

    counts = []
    for count in range(1, 100):
        at = 0.01 + 0.01 * count
        stamped(measured, 'pan', 1.0, at)
        counts.append(at - 0.01 >= CONTRADICTION_S - 1e-9)
        assert (measured.fresh('pan', at) is not None) is counts[-1], at
        assert (measured.implausible(at) is None) is counts[-1]
        assert (measured.last('pan') == (1.0, at)) is counts[-1]

    assert True in counts
    assert False in counts


def test_a_gap_does_not_end_a_contradiction() -> None:
    """A single message long after a contradiction does not end it."""
    measured = measuring(PAN)
    stamped(measured, 'pan', 0.0, 0.0)
    stamped(measured, 'pan', 1.0, 0.01)

    stamped(measured, 'pan', 1.0, 5.0)

    assert measured.fresh('pan', 5.0) is None
    assert measured.implausible(5.0) is not None


def test_a_contradiction_is_over_where_nothing_is_measured_any_more() -> None:
    """A contradiction is not reported once the joint is no longer measured."""
    measured = measuring(PAN)
    stamped(measured, 'pan', 0.0, 0.0)
    stamped(measured, 'pan', 1.0, 0.01)

    assert measured.implausible(0.5) is not None
    assert measured.implausible(0.6) is None
    assert measured.last('pan') == (None, -math.inf)


def test_a_publisher_that_lags_behind_contradicts_though_it_is_out_of_order() -> None:
    """A second publisher with stamps 0.3 s older is a contradiction, although it never counts."""
    measured = measuring(PAN)
    for count in range(10):
        at = 0.02 * count
        stamped(measured, 'pan', 1.5, at)
        measured.take({'pan': 0.0}, at + 0.01, age_s=0.31, stamp_s=STAMPS_S + at - 0.3)

    assert measured.fresh('pan', 0.2) is None
    assert measured.implausible(0.2) is not None


def test_publishers_of_different_joints_do_not_contradict() -> None:
    """Two publishers of different joints are consistent, even with stamps out of order."""
    measured = measuring()
    for count in range(100):
        at = 0.01 * count
        assert measured.take({'pan': 1.0}, at, stamp_s=STAMPS_S + at) is None
        assert measured.take({'lift': 2.0}, at, age_s=0.005, stamp_s=STAMPS_S + at - 0.005) is None

    assert measured.fresh('pan', 1.0) == 1.0
    assert measured.fresh('lift', 1.0) == 2.0
    assert measured.implausible(1.0) is None


def test_publishers_that_agree_may_be_two() -> None:
    """Two publishers that differ by less than the noise are accepted."""
    measured = measuring(PAN)
    for count in range(100):
        stamped(measured, 'pan', 1.0 + 0.9 * NOISE_RAD * (count % 2), 0.001 * count)

    assert measured.implausible(0.1) is None


def test_only_the_joint_that_jumps_is_contradicted() -> None:
    """Only joints of the second publisher are contradictory."""
    measured = measuring()
    measured.take({'pan': 1.0, 'lift': 2.0}, 0.0)
    measured.take({'pan': 0.0}, 0.01)
    measured.take({'pan': 1.0, 'lift': 2.0}, 0.02)

    assert measured.fresh('pan', 0.02) is None
    assert measured.fresh('lift', 0.02) == 2.0


def test_a_jump_after_a_gap_is_judged_by_the_speed_over_the_gap() -> None:
    """A jump after a gap is accepted if the speed over the gap is possible."""
    measured = measuring()
    stamped(measured, 'pan', -1.5, 0.0)
    stamped(measured, 'pan', 1.5, 3.0)
    stamped(measured, 'lift', 0.5, 3.0)
    stamped(measured, 'lift', 2.5, 3.1)

    assert measured.fresh('pan', 3.0) == 1.5
    assert measured.fresh('lift', 3.1) is None


def test_a_sliding_joint_has_a_tenth_of_the_allowance() -> None:
    """The allowance of a sliding joint is a tenth, so a jump of 2 cm is a contradiction."""
    measured = measuring(SLIDE)
    stamped(measured, 'slide', 0.10, 0.0)
    stamped(measured, 'slide', 0.12, 0.01)

    assert 'slide jumped by 0.02 m in 0.01 s' in str(measured.implausible(0.01))


def test_a_nan_in_between_hides_no_jump() -> None:
    """A NaN is dropped, and the next measurement is checked against the one before it."""
    measured = measuring()
    stamped(measured, 'pan', 0.0, 0.0)
    unusable = measured.take({'pan': math.nan, 'lift': 1.0}, 0.01, stamp_s=STAMPS_S + 0.01)
    assert unusable == Unusable('nonfinite', 'pan is measured at nan: check the driver')
    assert measured.fresh('lift', 0.01) == 1.0
    assert measured.fresh('pan', 0.01) == 0.0

    stamped(measured, 'pan', 1.5, 0.02)

    assert measured.fresh('pan', 0.02) is None


@given(
    speed=st.floats(-FASTEST, FASTEST),
    rate_hz=st.sampled_from((20.0, 50.0, 100.0, 1000.0)),
    pause_s=st.floats(0.0, 0.4),
    is_stamped=st.booleans(),
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_burst_of_queued_messages_is_no_contradiction(
    speed: float, rate_hz: float, pause_s: float, is_stamped: bool
) -> None:
    """A burst of five queued messages is accepted, with and without stamps."""
    measured = measuring(replace(PAN, lower=None, upper=None))
    times = [count / rate_hz for count in range(int(rate_hz))]
    pause = (0.5, 0.5 + pause_s)
    in_pause = [at for at in times if pause[0] <= at < pause[1]]
    lost = set(in_pause[:-5])
    queued = {at: pause[1] + 2e-4 * place for place, at in enumerate(in_pause[-5:])}
    latest = 0.0
    for at in times:
        if at in lost:
            continue
        latest = max(latest, queued.get(at, at))
        stamp_s = STAMPS_S + at if is_stamped else None
        age_s = latest - at if is_stamped else 0.0
        assert measured.take({'pan': speed * at}, latest, age_s=age_s, stamp_s=stamp_s) is None


@given(
    apart=st.floats(0.3, 3.0),
    rates_hz=st.tuples(st.floats(10.0, 200.0), st.floats(10.0, 200.0)),
    phase=st.floats(0.0, 1.0),
    is_stamped=st.booleans(),
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_publishers_that_are_far_apart_are_always_noticed(
    apart: float, rates_hz: tuple[float, float], phase: float, is_stamped: bool
) -> None:
    """
    Inconsistent publishers are detected at all rates and phases.

    Their messages only have to be close enough in time.
    """
    closest_s = min(1.0 / rate_hz for rate_hz in rates_hz) / 2
    if apart <= NOISE_RAD + FASTEST * (2 * closest_s + BURST_S):
        return
    first = [(count / rates_hz[0], 0.0) for count in range(int(2 * rates_hz[0]))]
    second = [((count + phase) / rates_hz[1], apart) for count in range(int(2 * rates_hz[1]))]
    measured = measuring(replace(PAN, lower=None, upper=None))
    for at, position in sorted(first + second):
        measured.take({'pan': position}, at, stamp_s=STAMPS_S + at if is_stamped else None)

    assert measured.implausible(2.0) is not None


# ----- limits


@pytest.mark.parametrize('position', [3.23, -3.23, 0.0])
def test_a_joint_may_be_outside_its_limits_by_the_tolerance(position: float) -> None:
    """A joint may be measured outside its limits by the tolerance."""
    measured = measuring()
    measured.take({'pan': position}, 0.0)

    assert measured.implausible(0.0) is None


def test_a_joint_outside_its_limits_is_named_with_value_and_limits() -> None:
    """The text for joints outside their limits has the value and the limits of the first one."""
    measured = measuring()
    measured.take({'pan': 45.0, 'lift': -0.2}, 0.0)

    assert measured.implausible(0.0) == (
        'pan is outside its limits: measured 45.000 rad, limits [-3.14, 3.14]; are joint_states '
        'in rad, and are the limits right? (outside, too: lift)'
    )


@pytest.mark.parametrize(
    ('position', 'off'),
    [
        pytest.param(6.315, 'one turn', id='one turn up'),
        pytest.param(0.03 - math.tau, 'one turn', id='one turn down'),
        pytest.param(0.03 + 3 * math.tau, '3 turns', id='three turns up'),
    ],
)
def test_a_joint_that_is_turns_off_is_named_as_such(position: float, off: str) -> None:
    """The text for an encoder that lost count has the number of turns."""
    measured = measuring()
    measured.take({'pan': position}, 0.0)

    assert measured.implausible(0.0) == (
        f'pan is {off} off: measured {position:.3f}, limits [-3.14, 3.14]; home the encoder or '
        'set joint_map.pan.offset'
    )


def test_a_sliding_joint_has_no_turns() -> None:
    """A sliding joint outside its limits is not reported as turns off."""
    measured = measuring(SLIDE)
    measured.take({'slide': 0.1 + math.tau}, 0.0)

    assert str(measured.implausible(0.0)).startswith(
        'slide is outside its limits: measured 6.383 m'
    )


def test_limits_that_come_later_count_for_what_was_measured_before() -> None:
    """New limits apply to earlier measurements."""
    measured = measuring(replace(PAN, lower=None, upper=None))
    measured.take({'pan': 5.0}, 0.0)
    assert measured.implausible(0.0) is None

    measured.set_joints([replace(PAN, upper=2.0)])

    assert measured.implausible(0.0) is not None


# ----- velocity


@pytest.mark.parametrize('speed', [0.0, 0.5, -2.0])
def test_the_velocity_of_a_noisy_joint_is_found(speed: float) -> None:
    """The measured velocity is right in spite of noise of 1.5 mrad at 100 Hz."""
    measured = measuring()
    chance = random.Random(7)
    errors = []
    for count in range(300):
        at = 0.01 * count + chance.uniform(-0.002, 0.002)
        measured.take({'pan': speed * at / 3 + chance.uniform(-0.0015, 0.0015)}, at)
        if count > 40:
            errors.append(abs(measured.velocity('pan') - speed / 3))

    assert max(errors) < 0.08


def test_the_velocity_follows_within_its_time_constant() -> None:
    """The velocity follows by two thirds after 50 ms, and nearly completely after 200 ms."""
    measured = measuring()
    positions = [(0.01 * count, max(0.0, 0.01 * count - 1.0)) for count in range(130)]

    follow(measured, positions[:106])
    assert measured.velocity('pan') == pytest.approx(0.6, abs=0.15)
    follow(measured, positions[106:])
    assert measured.velocity('pan') == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize('is_stamped', [True, False], ids=['stamped', 'unstamped'])
def test_a_burst_does_not_look_like_speed(is_stamped: bool) -> None:
    """A burst of messages queued for 0.2 s does not increase the velocity."""
    measured = measuring(PAN)
    speed, arrived = 1.0, 0.0
    for count in range(61):
        at = 0.01 * count
        arrived = at if at < 0.4 else 0.6 + 1e-4 * count
        if 0.4 <= at < 0.55:
            continue
        stamp_s = STAMPS_S + at if is_stamped else None
        age_s = arrived - at if is_stamped else 0.0
        measured.take({'pan': speed * at}, arrived, age_s=age_s, stamp_s=stamp_s)

    assert measured.velocity('pan') == pytest.approx(speed, rel=0.1)


def test_a_velocity_is_zero_where_it_is_not_known() -> None:
    """
    The velocity is 0 while it is not known.

    That is before the second measurement, when the last one is old, and during a contradiction.
    """
    measured = measuring()
    assert measured.velocity('pan') == 0.0
    assert measured.velocity('tail') == 0.0
    stamped(measured, 'pan', 0.5, 0.0)
    assert measured.velocity('pan') == 0.0
    for count in range(1, 50):
        stamped(measured, 'pan', 0.5 + 0.01 * count, 0.01 * count)
    assert measured.velocity('pan') > 0.5

    measured.missing(1.0)
    assert measured.velocity('pan') == 0.0
    stamped(measured, 'pan', 1.0, 1.0)
    stamped(measured, 'pan', -1.0, 1.01)
    assert measured.velocity('pan') == 0.0


@given(
    steps=st.lists(st.tuples(st.floats(0.0, 0.1), st.floats(-1.0, 1.0)), max_size=60),
    is_stamped=st.booleans(),
)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_a_velocity_is_never_beyond_what_may_be_measured(
    steps: list[tuple[float, float]], is_stamped: bool
) -> None:
    """The velocity is finite for any measurements, and 0 while none counts."""
    measured = measuring(replace(PAN, lower=None, upper=None))
    at = position = 0.0
    for step_s, change in steps:
        at, position = at + step_s, position + change * (0.1 + 10.0 * step_s)
        measured.take({'pan': position}, at, stamp_s=STAMPS_S + at if is_stamped else None)
        velocity = measured.velocity('pan')
        assert math.isfinite(velocity)
        if measured.fresh('pan', at) is None:
            assert velocity == 0.0


# ----- missing measurements


def test_what_is_missing_is_explained_by_what_was_dropped() -> None:
    """A rejected message is the reason for a missing measurement for one second."""
    measured = measuring()
    measured.refuse(Unusable('duplicate', 'JointState names a joint twice'), 10.0)

    assert measured.missing(10.9) == 'no usable joint_states: JointState names a joint twice'
    assert str(measured.missing(11.1)).startswith('no joint_states of pan, lift yet')


def test_what_was_dropped_explains_nothing_while_all_is_measured() -> None:
    """A rejected message has no effect while all joints are measured."""
    measured = measuring()
    measured.take({'pan': 0.0, 'lift': 1.0}, 10.0)
    measured.refuse(Unusable('duplicate', 'JointState names a joint twice'), 10.0)

    assert measured.missing(10.0) is None


def test_an_explanation_keeps_its_numbers_for_a_while() -> None:
    """A repeated reason keeps its numbers, so that it is not logged for each message."""
    measured = measuring(PAN)
    causes = []
    for count in range(1200):
        at = 0.02 * count
        measured.take({'pan': 0.0}, at, age_s=1.0 + at, stamp_s=STAMPS_S)
        causes.append(measured.missing(at))

    assert len(set(causes)) == 3


def test_a_topic_without_publishers_is_named() -> None:
    """Without a publisher, the reason has the topic."""
    measured = measuring()
    measured.note_publishers((), silent_topic='/arm/joint_states')

    assert 'nothing publishes joint_states on /arm/joint_states: ' in str(measured.missing(10.0))


def test_old_messages_of_other_robots_are_ignored() -> None:
    """Old messages of joints that are not commanded have no effect."""
    measured = measuring()

    assert measured.take({'tail': 0.0}, 10.0, age_s=3600.0, stamp_s=STAMPS_S) is None


def test_a_joint_that_comes_back_is_still_known() -> None:
    """The measurement of a joint that was removed and added again still counts."""
    measured = measuring()
    measured.take({'pan': 0.5, 'lift': 1.0}, 0.0)
    measured.set_joints([PAN])
    measured.take({'pan': 0.5, 'lift': 1.1}, 0.1)
    measured.set_joints([PAN, LIFT])

    assert measured.fresh('lift', 0.2) == 1.1


# ----- several publishers, and continuous joints


def test_a_wrong_publisher_that_is_left_alone_does_not_count() -> None:
    """If the driver hangs, consistent measurements of the second publisher alone do not count."""
    measured = measuring(PAN)
    measured.note_publishers(('/driver', '/gui'), silent_topic=None)
    follow(measured, [(10.0 + 0.01 * n, 0.0 if n % 2 else 1.5) for n in range(20)])
    alone = [(10.2 + 0.01 * n, 0.0) for n in range(200)]

    follow(measured, alone)

    doubt = measured.implausible(12.2)
    assert doubt is not None
    assert '; published by /driver, /gui: end one of them' in doubt
    measured.note_publishers((), silent_topic=None)
    follow(measured, [(12.2 + 0.01 * n, 0.0) for n in range(60)])
    assert measured.implausible(12.8) is None


def test_a_glitch_beside_another_publisher_heals() -> None:
    """A joint that returns to its last valid position counts again."""
    measured = measuring(PAN)
    measured.note_publishers(('/arm', '/gripper'), silent_topic=None)
    follow(measured, [(10.0, 1.5), (10.01, 1.5), (10.02, -1.0), (10.03, 1.5)])

    follow(measured, [(10.04 + 0.01 * n, 1.5) for n in range(70)])

    assert measured.implausible(10.74) is None
    assert measured.fresh('pan', 10.74) == 1.5


def test_a_joint_without_end_goes_on_over_the_turn_of_its_encoder() -> None:
    """A step of a continuous joint from 3.14 to -3.14 is small."""
    wheel = replace(PAN, lower=None, upper=None, is_continuous=True)
    measured = measuring(wheel)

    follow(measured, [(10.0, 3.13), (10.01, 3.14), (10.02, -3.14), (10.03, -3.13)])

    assert measured.implausible(10.03) is None
    assert measured.fresh('pan', 10.03) == pytest.approx(2 * math.pi - 3.13)


def test_a_joint_without_end_that_was_silent_is_where_it_is_measured() -> None:
    """After a gap, the position of a continuous joint is as measured, without added turns."""
    wheel = replace(PAN, lower=None, upper=None, is_continuous=True)
    measured = measuring(wheel)
    follow(measured, [(10.0 + 0.1 * n, 0.1 * n) for n in range(130)])

    follow(measured, [(90.0, 0.0)])

    assert measured.fresh('pan', 90.0) == 0.0


def test_the_drift_of_a_late_joint_lasts_as_long_as_usual() -> None:
    """The drift is limited to the usual age of measurements."""
    measured = measuring(PAN)
    follow(measured, [(10.0 + 0.1 * n, 0.1 * n) for n in range(20)])

    assert measured.velocity('pan') == pytest.approx(1.0, rel=0.05)
    assert measured.drift('pan', 11.95) == pytest.approx(0.05, rel=0.1)
    assert measured.drift('pan', 12.3) == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize('lag_s', [0.05, 0.15])
def test_a_glitch_in_motion_beside_another_publisher_heals(lag_s: float) -> None:
    """After a glitch in motion, a joint that moved on to its last command counts again."""
    measured = measuring(replace(PAN, max_lead=0.1))
    measured.note_publishers(('/arm', '/gripper'), silent_topic=None)
    way = [(10.0 + 0.01 * n, 0.02 * n) for n in range(50)]
    rest = 0.98 + 2.0 * lag_s
    coast = [(10.51 + 0.01 * n, min(rest, 1.0 + 0.02 * n)) for n in range(90)]

    follow(measured, [*way, (10.5, 1.7), *coast])

    assert measured.implausible(11.4) is None
    assert measured.fresh('pan', 11.4) == rest


def test_an_activation_ends_a_contradiction() -> None:
    """An activation by the user ends a contradiction, as after homing an encoder."""
    measured = measuring(PAN)
    measured.note_publishers(('/arm', '/gripper'), silent_topic=None)
    follow(measured, [(10.0, 0.0), (10.01, 0.0), (10.02, 2.0), (10.03, 2.0)])
    follow(measured, [(10.04 + 0.01 * n, 2.0) for n in range(90)])
    doubt = measured.implausible(10.94)
    assert doubt is not None
    assert doubt.endswith('end one of them, or deactivate and activate the bridge')

    measured.accept_next()
    follow(measured, [(10.95, 2.0)])

    assert measured.implausible(10.95) is None
    assert measured.fresh('pan', 10.95) == 2.0


def test_a_single_pause_is_not_taken_for_usual() -> None:
    """A single pause of the driver does not increase the drift."""
    measured = measuring(PAN)
    follow(measured, [(10.0 + 0.01 * n, 0.01 * n) for n in range(100)])
    follow(measured, [(11.39, 1.39)])

    assert measured.drift('pan', 11.9) <= 0.03


def test_without_joints_nothing_is_missing() -> None:
    """Before the joints are known, no measurement is missing."""
    assert Measurements(MAX_AGE_S).missing(10.0) is None

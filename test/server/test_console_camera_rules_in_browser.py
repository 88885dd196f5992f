# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rules of the console's cameras that need no camera: names, stamps, ages and reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.browser import Console

CALL = """
const [name, script, values, done] = arguments;
import(`/console/${name}.js`)
  .then((module) => new Function('m', ...Object.keys(values), script)(
    module, ...Object.values(values)))
  .then((result) => done({ result }), (error) => done({ error: String(error) }));
"""

TIMES = 'const t = new m.PictureTimes(); const s = (ms) => `${Math.round(ms / 1000)} s`;'

MATCH = """
const matcher = new m.StampMatcher();
const found = [];
pictures.forEach(([ticks, stampMs], index) => {
  if (!lost.includes(index)) matcher.add(ticks, stampMs);
  found.push(matcher.stampMs((ticks + shift) % 2 ** 32));
});
return found;
"""

TICKS = [0, 2970, 6120, 8820, 12060, 14940, 18090, 20790, 24030, 26910, 30060]
"""The times of pictures whose periods are not all the same."""

JOINED = {'phase': 'joined', 'reason': '', 'isMissing': False, 'isFinal': False}
LOST = {**JOINED, 'phase': 'lost', 'reason': 'the server is shutting down'}
FACTS = {
    'room': 'arm-front',
    'hasWebRtc': True,
    'link': JOINED,
    'producer': 'cam-1',
    'stopReason': None,
    'isConnected': False,
    'failure': 'none',
    'error': '',
}


@pytest.fixture(scope='module')
def page(browser: Console, own_server_url: str) -> Iterator[Console]:
    """Open a small file of the server, whose modules can then be imported."""
    browser.driver.get(f'{own_server_url}/health')
    yield browser
    browser.driver.get('about:blank')


def call(page: Console, module: str, script: str, **values: Any) -> Any:
    """Run a script in the page; ``m`` is a module of the console. Return its result."""
    answer = page.driver.execute_async_script(CALL, module, script, values)
    assert 'error' not in answer, answer['error']
    return answer['result']


@pytest.mark.parametrize(
    ('room', 'rooms', 'videos', 'found'),
    [
        (
            'arm',
            [],
            ['arm-front', 'arm-wrist', 'arm', 'front', 'arms-front'],
            ['arm-front', 'arm-wrist'],
        ),
        ('arm', ['arm', 'arm-2'], ['arm-front', 'arm-2-front', 'arm-2'], ['arm-front', 'arm-2']),
        ('arm-2', ['arm', 'arm-2'], ['arm-front', 'arm-2-front', 'arm-2'], ['arm-2-front']),
        (
            's1-joint-input',
            ['s1-joint-input', 's1-joint-output'],
            ['s1-front', 's2-front'],
            ['s1-front'],
        ),
        ('s1-joint-output', ['s1-joint-input', 's1-joint-output'], ['s1-front'], ['s1-front']),
        ('a.b', [], ['axb-front', 'a.b-'], []),
    ],
    ids=['prefix', 'shorter', 'longer', 'input', 'output', 'not a pattern'],
)
def test_cameras_belong_to_the_room_with_the_longest_name_that_fits(
    page: Console, room: str, rooms: list[str], videos: list[str], found: list[str]
) -> None:
    """A camera is named after its room, or after the session that has the room."""
    script = 'return m.camerasOf(room, rooms, videos)'
    assert call(page, 'camera_names', script, room=room, rooms=rooms, videos=videos) == found


def test_the_name_of_a_camera_is_shown_without_that_of_its_room(page: Console) -> None:
    """The camera of another room has its whole name."""
    script = 'return names.map((each) => m.cameraName("s1-joint-input", each))'
    names = ['s1-front', 's2-front', 's1-']
    assert call(page, 'camera_names', script, names=names) == ['front', 's2-front', 's1-']


@pytest.mark.parametrize('shift', [0, 123_456, 2**32 - 9000])
def test_stamps_are_found_with_any_offset_and_with_losses(page: Console, shift: int) -> None:
    """After four pictures each has its stamp, unless its message is lost."""
    pictures = [[ticks, 1000.0 + ticks / 90] for ticks in TICKS]
    found = call(page, 'picture_stamps', MATCH, pictures=pictures, lost=[7], shift=shift)
    assert found[:3] == [None, None, None]
    assert found[4:7] == [stamp for _, stamp in pictures[4:7]]
    assert found[7] is None
    assert found[8:] == [stamp for _, stamp in pictures[8:]]


def test_pictures_with_one_period_have_no_stamp_instead_of_a_wrong_one(page: Console) -> None:
    """If another offset fits nearly as well, the stamp is not known."""
    pictures = [[3000 * count, 100.0 * count] for count in range(8)]
    assert call(page, 'picture_stamps', MATCH, pictures=pictures, lost=[], shift=0) == [None] * 8


def test_a_message_that_is_not_a_stamp_is_ignored(page: Console) -> None:
    """A stamp has twelve bytes; others, and texts, are none."""
    script = """
    const view = new DataView(new ArrayBuffer(12));
    view.setUint32(0, 4294967295);
    view.setBigInt64(4, 1767225600123000000n);
    return [view.buffer, new ArrayBuffer(11), new ArrayBuffer(13), 'stamp', null]
      .map((each) => m.decodeStamp(each));
    """
    stamp = {'ticks': 4294967295, 'stampMs': 1767225600123}
    assert call(page, 'picture_stamps', script) == [stamp, None, None, None, None]


def test_the_clock_of_a_producer_is_known_after_some_reports(page: Console) -> None:
    """The report with the shortest way counts, less half of the round trip."""
    script = """
    const clock = new m.SenderClock();
    return reports.map(([sent, arrived, trip]) => {
      clock.addReport(sent, arrived, trip);
      return clock.toPage(1_000_000);
    });
    """
    # The clock of the producer is 5000 ms ahead; the ways take 90, 10 and 40 ms.
    reports = [[6000, 1090, 20], [7000, 2010, 20], [8000, 3040, 20]]
    first, second, third = call(page, 'picture_times', script, reports=reports)
    assert (first, second) == (None, None)
    assert third == pytest.approx(1_000_000 - 5000, abs=1)


@pytest.mark.parametrize(
    ('period_ms', 'later_ms', 'text'),
    [
        (33, 900, ''),
        (33, 1100, 'No picture for 1 s'),
        (33, 60_000, 'No picture for 60 s'),
        (500, 1400, ''),
        (500, 1600, 'No picture for 2 s'),
        (4000, 5200, 'No picture for 5 s'),
    ],
)
def test_a_picture_is_stale_after_three_periods_of_its_camera(
    page: Console, period_ms: int, later_ms: int, text: str
) -> None:
    """The limit is at least one second and at most five."""
    script = f"""{TIMES}
    for (let count = 0; count < 9; count += 1) t.add(count * periodMs, null);
    return t.staleText(8 * periodMs + laterMs, s);"""
    seen = call(page, 'picture_times', script, periodMs=period_ms, laterMs=later_ms)
    assert seen == text


@pytest.mark.parametrize(
    ('taken_at', 'latency', 'text'),
    [
        (None, None, ''),
        (7950, 50, ''),
        (4000, 4000, 'This picture is 4 s old'),
        (8001, None, ''),
        (8000 - 7_200_000, None, ''),
    ],
    ids=['unknown', 'new', 'old', 'from the future', 'clock not set'],
)
def test_a_picture_that_was_taken_long_ago_is_stale(
    page: Console, taken_at: int | None, latency: int | None, text: str
) -> None:
    """A latency that cannot be is not known, and then only the arrival counts."""
    script = f"""{TIMES}
    for (let at = 7000; at <= 8000; at += 100) t.add(at, takenAt);
    return [t.latencyMs, t.rateHz, t.staleText(8100, s)];"""
    assert call(page, 'picture_times', script, takenAt=taken_at) == [latency, 10, text]


def test_a_lost_stamp_does_not_make_an_old_picture_live(page: Console) -> None:
    """For one second, the latency of the pictures before it counts."""
    script = f"""{TIMES}
    for (let at = 0; at <= 1000; at += 100) t.add(at, at - 4000);
    const seen = [];
    for (let at = 1100; at <= 2100; at += 100) {{
      t.add(at, null);
      seen.push(t.staleText(at, s));
    }}
    return seen;"""
    assert call(page, 'picture_times', script) == ['This picture is 4 s old'] * 10 + ['']


def test_a_pause_does_not_count_as_a_period(page: Console) -> None:
    """After a pause, the rate is that of the pictures since then."""
    script = f"""{TIMES}
    for (let at = 0; at <= 1000; at += 100) t.add(at, null);
    t.add(60_000, null);
    const first = t.rateHz;
    t.add(60_050, null);
    return [first, t.rateHz, t.limitMs];"""
    assert call(page, 'picture_times', script) == [None, 20, 1000]


def test_the_first_pictures_are_not_live(page: Console) -> None:
    """A producer repeats the last picture of a stopped camera, so one picture shows nothing."""
    script = f"""{TIMES}
    return [100, 200, 300].map((at) => {{
      t.add(at, null);
      return [t.isEstablished, t.staleText(at, s)];
    }});"""
    waiting = [False, 'Waiting for the next picture']
    assert call(page, 'picture_times', script) == [waiting, waiting, [True, '']]


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        ({'hasWebRtc': False}, 'This browser cannot show cameras, because it has no WebRTC.'),
        ({'link': None}, 'This camera is not loaded while it is not visible.'),
        ({'link': {**JOINED, 'phase': 'connecting'}}, 'Joining the room…'),
        ({'producer': None}, 'No camera sends to this room.'),
        ({}, 'Connecting to cam-1…'),
        ({'isConnected': True}, 'Connected to cam-1, which sends no picture.'),
        ({'failure': 'no offer'}, 'cam-1 does not offer its picture. Trying again…'),
        ({'stopReason': ''}, 'cam-1 has stopped sending.'),
        ({'stopReason': 'unplugged'}, 'cam-1 has stopped sending: unplugged.'),
        ({'error': 'too many offers'}, 'No connection to cam-1: too many offers. Trying again…'),
        (
            {'link': LOST},
            'No connection to the room: the server is shutting down. Trying again…',
        ),
        (
            {'link': {**LOST, 'isMissing': True}},
            'There is no video room arm-front. The page joins it as soon as it exists.',
        ),
        (
            {'link': {**LOST, 'isFinal': True, 'reason': "token 'x' may not watch lab"}},
            "The server refuses this camera: token 'x' may not watch lab.",
        ),
    ],
)
def test_each_reason_for_no_picture_has_a_text(
    page: Console, changes: dict[str, Any], text: str
) -> None:
    """The text names what is missing and, where that is known, why."""
    script = 'return m.noPictureText(facts)'
    assert call(page, 'camera_state', script, facts={**FACTS, **changes}) == text

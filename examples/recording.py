# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Read and write recordings of a room, as CSV or MCAP.

CSV has one row per joint and message, one per emergency stop, and one per change of control::

    time_s,message,event,joint,value,speed,source,reason,holder
    0.000000,0,state,elbow,12.5,,,,
    0.000000,1,control,,,,policy_1,taken,policy_1
    1.204410,2,update,elbow,13.5,,policy_1,,
    1.204410,2,update,wrist,-4.0,20.0,policy_1,,
    3.250127,3,control,,,,person_1,taken,person_1
    3.283465,4,shadow,elbow,14.0,,policy_1,,
    5.300021,5,stop,,,,ros_arm,hand in the way,
    5.300153,6,control,,,,ros_arm,stopped,

The first ``control`` tells who has control at the start, and each other one is a hand-over.
``holder`` has control from then on; it is empty if nobody has. ``reason`` and ``source`` tell why
control changed and who changed it. Servers without hand-overs send none. A ``shadow`` is an
update that had no effect, because its ``source`` did not have control. Files without the column
``holder``, which earlier versions wrote, can be read too.

Rows with the same ``message`` arrived in one message. There is no column per joint, because a room
only sends the joints that changed, and such a table would not show which they were. Keys other
than name, value and speed are left out. Each message is written to the file on arrival.

MCAP has the messages as JSON, with all keys of the joints, on ``/state_sync``, ``/joint_update``,
``/emergency_stop``, ``/control`` and ``/shadow_update``; their other fields are those of the CSV.
The file is complete after a normal end of the recording.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
from pathlib import Path

from recorded import Recorded, Write, hand_overs
from recording_csv import read_csv, writing_csv
from recording_mcap import read_mcap, writing_mcap

__all__ = ['Recorded', 'hand_overs', 'read_recording', 'recording_path', 'values_of', 'writing']


def recording_path(text: str) -> Path:
    """
    Parse the file name of a recording, for argparse.

    :raises ArgumentTypeError: the name ends neither in .csv nor in .mcap.
    """
    path = Path(text)
    if path.suffix not in ('.csv', '.mcap'):
        raise argparse.ArgumentTypeError(f'{text!r} ends neither in .csv nor in .mcap')
    return path


def values_of(event: Recorded) -> dict[str, float]:
    """Return the values of a message by joint; if a joint is listed twice, the last value."""
    return {joint['name']: float(joint['value']) for joint in event.joints}


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Write]:
    """
    Open a new recording, and return a function that appends a message to it.

    :raises OSError: the file exists, or cannot be opened.
    :raises Failure: the library for MCAP is missing, or a message cannot be written.
    """
    with writing_mcap(path) if path.suffix == '.mcap' else writing_csv(path) as write:
        yield write


def read_recording(path: Path) -> list[Recorded]:
    """
    Read a whole recording, in the order of time.

    :raises OSError: the file cannot be read.
    :raises Failure: the file is damaged, or the library for MCAP is missing.
    """
    return read_mcap(path) if path.suffix == '.mcap' else read_csv(path)

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The pages about the server and its messages agree with the code."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
import re
from typing import Any, get_args

import httpx
import pytest
from support.arena_api import make_room
from support.pages import ROOT, read, rows_of

from lerobot_arena_ros.arena.messages import (
    ClientMessage,
    EmergencyStop,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    Joined,
    Message,
    ServerMessage,
    Unknown,
    decode_client,
    decode_join,
    decode_server,
    encode,
)
from lerobot_arena_ros.arena.video_messages import (
    ConfigUpdate,
    RecoveryTriggered,
    StatusUpdate,
    StreamStarted,
    StreamStats,
    StreamStopped,
    VideoFrame,
    decode_video_client,
    decode_video_server,
)
from lerobot_arena_ros.arena.video_messages import (
    encode as encode_video,
)
from lerobot_arena_ros.server.cli.options import read_options

PAGE = 'docs/reference/server.md'
MESSAGES = 'docs/reference/messages.md'
VIDEO = 'docs/reference/video.md'
SERVER = ROOT / 'lerobot_arena_ros' / 'server'

DECODERS: dict[str, Callable[[str], Message]] = {
    '## What a participant sends': decode_client,
    '## What the server sends': decode_server,
}


def test_rest_is_as_served(own_server_url: str) -> None:
    """The table has exactly the methods and paths of the OpenAPI document."""
    document = httpx.get(f'{own_server_url}/openapi.json').json()
    served = {
        (method.upper(), f'`{path}`')
        for path, methods in document['paths'].items()
        for method in methods
    }

    assert {(row[0], row[1]) for row in rows_of(PAGE, '## REST')} == served


def test_metrics_are_as_served(own_server_url: str) -> None:
    """The table has exactly the metrics of the server, with types and labels."""
    make_room(own_server_url)
    text = httpx.get(f'{own_server_url}/metrics').text
    served = set(re.findall(r'^# TYPE (\S+) (\S+)$', text, re.M))
    listed = {
        (re.sub(r'\{.*\}', '', row[0].strip('`')), row[1]): row[0]
        for row in rows_of(PAGE, '## Metrics')
    }

    assert set(listed) == served
    labelled = dict(re.findall(r'^(\w+)\{(.*)\}', text, re.M))
    assert labelled
    for (name, _), shown in listed.items():
        if name in labelled:
            labels = ', '.join(re.findall(r'(\w+)=', labelled[name]))
            assert shown == f'`{name}{{{labels}}}`'


def test_options_are_those_of_the_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has exactly the options of the help, with defaults, in the same order."""
    monkeypatch.setenv('COLUMNS', '1000')
    with pytest.raises(SystemExit):
        read_options(['--help'], {})
    text = re.sub(r'\n {10,}', ' ', capsys.readouterr().out)
    found = re.findall(r'^  (--[\w-]+).*?(?:\(default: (.*)\))?$', text, re.M)
    told = {option: default.removesuffix('.0') for option, default in found}
    listed = {row[0].strip('`'): row[1].strip('`') for row in rows_of(PAGE, '## Options')}

    assert list(listed.items()) == list(told.items())


def test_refusals_are_those_of_the_code() -> None:
    """The table has exactly the error codes of the server."""
    patterns = (
        r"Denial\(\s*\d+,\s*'(\w+)'",
        r"_report\('(\w+)'",
        r"_(?:refuse|abort)\('(\w+)'\)",
        r"_abort, '(\w+)'\)",
        r"refused\['(\w+)'\]",
        r"ErrorReply\(.*, '(\w+)'\)",
        r"code, detail = '(\w+)'",
        r"_count\(request, '(\w+)'\)",
        r"RATE_LIMITED = '(\w+)'",
        r"return '([a-z_]+)'$",
        r"\d{3}: '(\w+)'",
        r"error.status or 0, '(\w+)'",
    )
    files = [
        path for path in SERVER.rglob('*.py') if path.name not in ('serving.py', 'options.py')
    ]
    sources = [path.read_text(encoding='utf-8') for path in files]
    codes = {
        code for text in sources for find in patterns for code in re.findall(find, text, re.M)
    }
    arena = ROOT / 'lerobot_arena_ros' / 'arena'
    for name in ('messages.py', 'stream_config.py', 'video_messages.py'):
        sources.append((arena / name).read_text(encoding='utf-8'))
    reasons = {reason for text in sources for reason in re.findall(r"reason='(\w+)'", text)}

    assert {row[0].strip('`') for row in rows_of(PAGE, '## Refusals')} == codes | {
        f'invalid_{reason}' for reason in reasons
    }


def examples(heading: str, page: str = MESSAGES) -> list[str]:
    """Return the JSON examples between a heading and the next one of its level."""
    part = read(page).split(f'{heading}\n')[1].split('\n## ')[0]
    return re.findall(r'^```json\n(.*?)\n```$', part, re.M | re.S)


@pytest.mark.parametrize('heading', DECODERS)
def test_each_message_has_a_valid_example(heading: str) -> None:
    """Each example decodes and encodes to the same JSON, and each type has one."""
    decoded = [decode(heading, text) for text in examples(heading)]

    for text, message in zip(examples(heading), decoded, strict=True):
        assert json.loads(encode(message)) == json.loads(text)
    kinds = {type(message) for message in decoded}
    assert kinds | {Unknown} == set(kinds_of(heading))


def decode(heading: str, text: str) -> Message:
    """Decode an example as its receiver does."""
    if 'participant_id' in json.loads(text):
        return decode_join(text)
    return DECODERS[heading](text)


def kinds_of(heading: str) -> tuple[Any, ...]:
    """Return the message types that need an example."""
    if DECODERS[heading] is decode_client:
        return (*get_args(ClientMessage), Join)
    return get_args(ServerMessage)


def test_each_message_of_video_rooms_has_a_valid_example() -> None:
    """Each example decodes and encodes to the same JSON, and each type has one on its side."""
    sent = examples('## What a participant sends', VIDEO)
    received = examples('## What the server sends', VIDEO)
    messages: list[Message | VideoFrame] = [decode_join(sent[0])]
    messages += map(decode_video_client, sent[1:])
    answers: list[Message | VideoFrame] = [*map(decode_video_server, received)]

    for text, message in zip((*sent, *received), (*messages, *answers), strict=True):
        assert json.loads(encode_video(message)) == json.loads(text)
    of_stream = {
        StreamStarted,
        StreamStopped,
        ConfigUpdate,
        StatusUpdate,
        StreamStats,
        RecoveryTriggered,
    }
    assert {type(each) for each in messages} == {Join, Heartbeat, EmergencyStop} | of_stream
    shared = {Joined, HeartbeatAck, EmergencyStop, ErrorReply}
    assert {type(each) for each in answers} == shared | set(VideoFrame.__subclasses__())


def test_the_protocol_page_names_only_existing_files() -> None:
    """The files that the page names exist."""
    for page in ('docs/explanation/threads.md', 'docs/explanation/protocol.md'):
        for name in re.findall(r'`((?:nodes|arena|server|control)/\w+\.py)`', read(page)):
            assert Path(ROOT / 'lerobot_arena_ros' / name).is_file(), name

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The messages of a hand-over, encoded and decoded."""

from __future__ import annotations

import json

import pytest

from lerobot_arena_ros.arena.control_messages import (
    CONTROL_ACTIONS,
    ControlAction,
    ControlAnswer,
    ControlChange,
    ControlPolicy,
    ControlRequest,
    ControlState,
)
from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import (
    ClientMessage,
    ServerMessage,
    ShadowUpdate,
    Unknown,
    decode_client,
    decode_server,
    encode,
)

STATE = ControlState(
    'person',
    ControlPolicy.ASK,
    ('policy', 'person'),
    ('policy',),
    3,
    ControlChange.GIVEN,
    'policy',
    'noon',
    17,
)


@pytest.mark.parametrize(
    'message',
    [
        ControlRequest(ControlAction.TAKE),
        ControlRequest(ControlAction.GIVE, 'policy', 0),
        ControlRequest(ControlAction.RELEASE, None, 2**53),
        ControlRequest(ControlAction.REFUSE, 'policy', 1),
    ],
)
def test_a_request_is_decoded_as_it_was_encoded(message: ClientMessage) -> None:
    """With the feature; without it, the type is unknown."""
    text = encode(message)

    assert decode_client(text) == message
    assert isinstance(decode_client(text, frozenset(Feature) - {Feature.CONTROL}), Unknown)


@pytest.mark.parametrize(
    'message',
    [
        STATE,
        ControlState(None, ControlPolicy.FIRST),
        ControlAnswer(),
        ControlAnswer(1, 'policy has control', 'policy'),
        ShadowUpdate(({'name': 'elbow', 'value': 1.0},), 'noon', 'policy', 10**18),
    ],
)
def test_an_answer_is_decoded_as_it_was_encoded(message: ServerMessage) -> None:
    """The keys of None are left out."""
    text = encode(message)

    assert decode_server(text) == message
    assert 'null' not in text


@pytest.mark.parametrize('number', [-1, 2**53 + 1, 1.0, True, '1', None, [1]])
def test_a_number_that_is_none_counts_as_missing(number: object) -> None:
    """An odd number of a request is not repeated in its answer."""
    text = json.dumps({'type': 'take_control', 'request': number, 'to': number})

    request = decode_client(text)
    assert isinstance(request, ControlRequest)
    assert request.request is None


@pytest.mark.parametrize('policy', [None, 'mine', 7, ['take'], {'take': 1}])
def test_a_state_with_an_unknown_policy_is_refused(policy: object) -> None:
    """The text names it and what is expected."""
    text = json.dumps({'type': 'control', 'policy': policy})

    with pytest.raises(ProtocolError, match='policy must be one of first, ask, take') as refused:
        decode_server(text)
    assert refused.value.reason == 'shape'


def test_odd_fields_of_a_state_count_as_missing() -> None:
    """A later version may have more reasons for a change."""
    fields = {
        'type': 'control',
        'policy': 'take',
        'drivers': ['policy', 7, None, '', ['x']],
        'requests': 'policy',
        'number': 'x',
        'change': ['taken'],
        'seq': -1,
    }

    state = decode_server(json.dumps(fields))

    assert state == ControlState(None, ControlPolicy.TAKE, ('policy',))


def test_a_long_refusal_is_shortened() -> None:
    """It is shown to people, and may come from any server."""
    answer = decode_server(json.dumps({'type': 'control_answer', 'refusal': 'x' * 1000}))

    assert isinstance(answer, ControlAnswer)
    assert answer.refusal == 'x' * 500


def test_the_types_of_requests_are_those_of_the_actions() -> None:
    """The decoder looks them up for each message."""
    assert {action.value for action in ControlAction} == CONTROL_ACTIONS

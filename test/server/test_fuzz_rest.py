# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The arena server answers any POST body with JSON and does not fail."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from support.corpus import EXAMPLES, FUZZ, cases, mutated, texts
from support.server import running_server

from lerobot_arena_ros.server.rooms.limits import Limits

ROOMS = '/robotics/workspaces/lab/rooms'
VIDEO = '/video/workspaces/lab/rooms'
ANSWERS = {200, 400, 404, 405, 413, 422}
"""The allowed statuses: an error of the client, but none of the server."""


@pytest.fixture(scope='module')
def rest() -> Iterator[httpx.Client]:
    """Return a client of a server with room for all rooms of a fuzzer."""
    with running_server(limits=Limits(rooms=1_000_000)) as url, httpx.Client(base_url=url) as rest:
        for rooms in (ROOMS, VIDEO):
            assert rest.post(rooms, json={'room_id': 'arm'}).status_code == 200
        yield rest


def check_posts(rest: httpx.Client, body: bytes) -> None:
    """Create rooms with this body, command one and signal with it, and read the result."""
    for path in (ROOMS, f'{ROOMS}/arm/command', VIDEO, f'{VIDEO}/arm/webrtc/signal'):
        reply = rest.post(path, content=body)
        assert reply.status_code in ANSWERS, reply.text
        assert isinstance(reply.json(), dict)
    for rooms in (ROOMS, VIDEO):
        assert rest.get(f'{rooms}/arm/state').json()['success'] is True


@pytest.mark.parametrize('body', cases('bodies'))
def test_the_corpus_of_bodies_is_answered(rest: httpx.Client, body: bytes) -> None:
    """Each body of the corpus is answered on each path."""
    check_posts(rest, body)


@FUZZ
@given(body=mutated(texts('bodies')))
def test_mutated_bodies_are_answered(rest: httpx.Client, body: str) -> None:
    """Mutations of valid bodies do not make the server fail."""
    check_posts(rest, body.encode('utf-8', 'surrogatepass'))


@FUZZ
@given(method=st.sampled_from(('GET', 'POST', 'DELETE', 'PUT')), name=st.text(min_size=1))
def test_ids_of_any_kind_are_answered(rest: httpx.Client, method: str, name: str) -> None:
    """Any text is answered as workspace id and as room id; a redirect may occur."""
    quoted = quote(name.encode('utf-8', 'replace'), safe='')
    for kind in ('robotics', 'video'):
        for place in (f'{quoted}/rooms', f'a/rooms/{quoted}'):
            reply = rest.request(method, f'/{kind}/workspaces/{place}')
            assert reply.status_code in ANSWERS | {307}, (place, reply.text)


def test_what_the_openapi_document_allows_is_answered(rest: httpx.Client) -> None:
    """Valid and invalid requests generated from the OpenAPI document are answered."""
    schemathesis = pytest.importorskip(
        'schemathesis', reason='schemathesis is not installed: see requirements/fuzz.txt'
    )
    schema = schemathesis.openapi.from_dict(rest.get('/openapi.json').json())
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 10

    for operation in operations:

        @settings(FUZZ, max_examples=max(1, EXAMPLES // 5))
        @given(operation.as_strategy() | operation.as_strategy(_negative(schemathesis)))
        def check(case: object) -> None:
            reply = case.call(base_url=str(rest.base_url))  # type: ignore[attr-defined]
            assert reply.status_code in ANSWERS, reply.text

        check()


def _negative(schemathesis: object) -> object:
    """Return the mode that generates invalid requests."""
    return schemathesis.GenerationMode.NEGATIVE  # type: ignore[attr-defined]

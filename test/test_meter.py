"""Frames are counted however they are cut, and whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.corpus import FUZZ
from support.frames import client_frame

from lerobot_arena_ros.server.meter import FrameMeter

frames = st.builds(
    client_frame,
    st.binary(max_size=300) | st.sampled_from((b'', bytes(125), bytes(126), bytes(70_000))),
    st.integers(0, 15),
    fin=st.booleans(),
    reserved=st.integers(0, 7),
    is_masked=st.booleans(),
)


@FUZZ
@given(st.lists(frames, max_size=8), st.lists(st.integers(1, 5000), min_size=1, max_size=5))
def test_each_frame_is_counted_once(sent: list[bytes], cuts: list[int]) -> None:
    """In pieces of any length."""
    stream, meter, counted, position = b''.join(sent), FrameMeter(), 0, 0
    while position < len(stream):
        size = cuts[0]
        cuts = cuts[1:] + cuts[:1]
        counted += meter.feed(stream[position : position + size])
        position += size

    assert counted == len(sent)


def test_a_frame_of_two_byte_length_is_one() -> None:
    """As clients make most frames of more than 125 bytes."""
    frame = b'\x81\xfe\x00\x7e' + bytes(4 + 126)

    assert FrameMeter().feed(frame * 3) == 3


def test_what_a_frame_claims_is_skipped_and_not_kept() -> None:
    """A length beyond any memory costs nothing."""
    meter = FrameMeter()

    assert meter.feed(client_frame(claimed=1 << 62)) == 1
    assert [meter.feed(bytes(4096)) for _ in range(3)] == [0, 0, 0]

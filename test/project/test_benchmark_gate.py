"""The measurement of the gate."""

from __future__ import annotations

from benchmark.measure.gate_steps import CALLS, gate_steps


def test_the_gate_is_timed_while_all_its_joints_move() -> None:
    """Each call takes some time, and more with more joints."""
    few, many = gate_steps((2, 40), times=3, steps=70)

    assert (few['joints'], many['joints']) == (2, 40)
    for call in CALLS:
        assert 0.0 < few[f'{call}_us'] < many[f'{call}_us']

"""The demo's terminal: what it draws, and the keys it reads."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import select
import sys
import termios
import tty

from .demo_watch import FOLLOWER, LEADER, DemoWatch

__all__ = ['draw', 'pressed_key', 'reading_keys']

HELP = 'e: emergency stop   r: reset   q: quit'

INTRODUCTION = (
    'A simulated leader arm waves; what it measures goes through an arena room on this machine,\n'
    'and a simulated follower is commanded to do the same. Each line is a joint: L is where the\n'
    'leader is, F where the follower is, * where both are, between -4 and 4 radians.'
)


@contextlib.contextmanager
def reading_keys() -> Iterator[None]:
    """Read keys one by one, where there is a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def pressed_key() -> str | None:
    """Give a key that was pressed; None where none was, or where nobody can press any."""
    if not sys.stdin.isatty() or not select.select([sys.stdin], [], [], 0)[0]:
        return None
    return sys.stdin.read(1)


def draw(watch: DemoWatch) -> str:
    """Give the whole screen as text."""
    lines = [INTRODUCTION, '', f'{"joint [rad]":16}{"leader":>10}{"follower":>10}{"":4}']
    for name, position in watch.leader.items():
        followed = watch.follower.get(name)
        shown = f'{followed:10.3f}' if followed is not None else f'{"-":>10}'
        lines.append(f'{name:16}{position:10.3f}{shown}    {_bar(position, followed)}')
    lines += ['', _numbers(watch), *_states(watch), '', HELP]
    return '\n'.join(lines)


def _numbers(watch: DemoWatch) -> str:
    p50, p99 = watch.recent_latency_ms(50), watch.recent_latency_ms(99)
    latency = 'unknown' if p50 is None else f'p50 {p50:.1f} ms, p99 {p99:.1f} ms'
    return f'{watch.rate_hz:.0f} commands/s, latency {latency}'


def _states(watch: DemoWatch) -> list[str]:
    wanted = (
        ('producer', f'{LEADER}/arena_bridge: produce link'),
        ('consumer', f'{FOLLOWER}/arena_bridge: consume link'),
        ('gate', f'{FOLLOWER}/arena_bridge: safety'),
    )
    return [f'{label:9} {watch.status.get(name, "starting")}' for label, name in wanted]


def _bar(position: float, followed: float | None, width: int = 40) -> str:
    """Draw both positions between -4 and 4 rad: L the leader, F the follower, * both."""
    cells = ['.'] * width
    for value, mark in ((position, 'L'), (followed, 'F')):
        if value is not None:
            place = round((value + 4.0) / 8.0 * (width - 1))
            place = min(max(place, 0), width - 1)
            cells[place] = mark if cells[place] == '.' else '*'
    return ''.join(cells)

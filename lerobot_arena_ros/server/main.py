"""The executable ``arena_server``: an arena of one's own, on this machine or for a whole lab."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import fields
import errno
import logging
import signal
import socket
import sys
from typing import NoReturn

from .app import create_app
from .room import Limits
from .serving import listen, serve, url_of

__all__ = ['main']

NAME = 'arena_server'
USAGE_ERROR = 2


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as for everything else that this program refuses."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        _fail(f'{message}; see --help')


def main(args: Sequence[str] | None = None) -> None:
    """
    Serve until SIGINT or SIGTERM comes.

    :param args: the command line; None for this process's own.
    """
    options = _parser().parse_args(_own(sys.argv[1:] if args is None else args))
    try:
        sockets = listen(options.host, options.port)
    except OSError as exc:
        _fail(_explain(exc, options.host, options.port))
    _log_to_stderr(options.log_level)
    limits = Limits(**{field.name: getattr(options, field.name) for field in fields(Limits)})
    asyncio.run(_serve(url_of(options.host, sockets), sockets, limits))


async def _serve(url: str, sockets: list[socket.socket], limits: Limits) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(
        create_app(limits),
        sockets,
        stop=stop,
        ready=lambda: print(f'{NAME} listening on {url}', flush=True),
    )


def _parser() -> argparse.ArgumentParser:
    default = Limits()
    parser = _Parser(
        prog=NAME,
        description='Serve LeRobot Arena rooms over REST and WebSockets.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        '--host', default='127.0.0.1', help='address to listen on; 0.0.0.0 for every network'
    )
    parser.add_argument(
        '--port', type=_port, default=8000, help='TCP port, 0 for one that is free'
    )
    parser.add_argument(
        '--log-level',
        choices=('debug', 'info', 'warning', 'error'),
        default='warning',
        help='how much to write to stderr',
    )
    limits = parser.add_argument_group('limits')
    for option, help_text in (
        ('rooms', 'rooms in all workspaces together'),
        ('members', 'participants of one room'),
        ('joints', 'joints that one room remembers'),
    ):
        limits.add_argument(
            f'--max-{option}',
            dest=option,
            type=_count,
            default=getattr(default, option),
            metavar='N',
            help=help_text,
        )
    limits.add_argument(
        '--max-idle-s',
        dest='idle_s',
        type=_seconds,
        default=default.idle_s,
        metavar='S',
        help='seconds after which a room is dropped that nobody is in and nobody uses',
    )
    return parser


def _own(args: Sequence[str]) -> list[str]:
    """Leave out what ROS 2 launch appends for nodes, which this program is not."""
    return list(args[: args.index('--ros-args')] if '--ros-args' in args else args)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 65535, got {text!r}')
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number from 1 up, got {text!r}')
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float('inf'):
        raise argparse.ArgumentTypeError(f'expected seconds, more than 0, got {text!r}')
    return seconds


def _explain(error: OSError, host: str, port: int) -> str:
    """Say what is wrong with the address, and what to do about it."""
    if isinstance(error, socket.gaierror):
        return (
            f'--host {host}: no such host ({error.strerror}); give an address of this machine,'
            ' 127.0.0.1 for this machine alone or 0.0.0.0 for every network'
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f'--port {port}: in use on {host} already; stop the program that has it, or give'
            ' another port (0 for one that is free)'
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f'--host {host}: not an address of this machine; give 127.0.0.1 for this machine'
            ' alone or 0.0.0.0 for every network'
        )
    if error.errno == errno.EACCES:
        return f'--port {port}: not permitted on {host}; give a port from 1024 up'
    return f'--host {host} --port {port}: cannot listen there: {error.strerror or error}'


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format='%(levelname)s %(name)s: %(message)s'
    )
    # What uvicorn says of its own accord concerns uvicorn.
    logging.getLogger('uvicorn').setLevel(logging.WARNING)
    logging.getLogger('uvicorn.error').addFilter(_is_worth_a_traceback)


def _is_worth_a_traceback(record: logging.LogRecord) -> bool:
    """Tell our own failures from a peer's text that is no UTF-8: that one is closed, no more."""
    return not (record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError))


def _fail(message: str) -> NoReturn:
    print(f'{NAME}: {message}', file=sys.stderr)
    raise SystemExit(USAGE_ERROR)


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The process of ``arena_server``: parses its options, listens, and serves until a signal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
import contextlib
from dataclasses import replace
import errno
from functools import partial
import os
import signal
import socket
import sys
from typing import NoReturn

from lerobot_arena_ros.output.streams import never_block

from ...arena.lane import availability
from ..access.rules import Rules
from ..access.tokens import Tokens
from ..http.app import create_app
from ..log.audit_file import AuditFile
from ..log.stderr import log_to_stderr
from ..net.descriptors import fit_descriptors
from ..net.event_loop import run
from ..serving import console_url_of, is_loopback_only, listen, listen_udp, serve, url_of
from .hash_token import hash_token
from .options import (
    NAME,
    TOKEN_VARIABLE,
    Options,
    UsageError,
    read_options,
)
from .reloading import SighupHandler, reload_tokens

__all__ = ['run_server']

USAGE_ERROR = 2


def run_server(args: Sequence[str]) -> None:
    """
    Serve until SIGINT or SIGTERM comes.

    :param args: the command line.
    :raises SystemExit: an option or the address is not valid (code 2, with one line on stderr),
        or after ``--help`` and ``--version``.
    """
    if args[:1] == ['hash-token']:
        _hash_token(args[1:])
        return
    sighup = SighupHandler()
    try:
        options = read_options(_without_ros_args(args), dict(os.environ))
        audit = _audit(options.audit_file)
    except UsageError as exc:
        _fail(str(exc))
    try:
        sockets = listen(options.host, options.port)
    except (OSError, UnicodeError) as exc:
        _fail(_listen_error(exc, options.host, options.port))
    never_block()
    log_to_stderr(options.log_level)
    udp, no_lanes = _listen_udp(options, sockets)
    if not is_loopback_only(sockets):
        _warn_if_exposed(options)
    limits, shortage = fit_descriptors(options.limits)
    options = replace(options, limits=limits)
    for warning in (*options.warnings, shortage, no_lanes):
        if warning:
            print(f'{NAME}: warning: {warning}', file=sys.stderr)
    run(_serve(options, sockets, udp, audit, sighup))


async def _serve(
    options: Options,
    sockets: list[socket.socket],
    udp: list[socket.socket],
    audit: AuditFile | None,
    sighup: SighupHandler,
) -> None:
    shutdown = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not loop.add_signal_handler(): its handlers end with the loop, before the process does.
        signal.signal(number, lambda *_: _request_shutdown(loop, shutdown))
    url = url_of(options.host, sockets, is_encrypted=options.certificate is not None)
    line = f'{NAME} listening on {url} with its console at {console_url_of(url)}'
    rules = _rules(options)
    app = create_app(
        options.limits,
        options.timing,
        policy=options.policy,
        rules=rules,
        audit=None if audit is None else audit.put,
    )
    reload = partial(reload_tokens, options, app.state.manager, rules)
    reloading = asyncio.create_task(sighup.run(reload), name='sighup')
    try:
        await serve(
            app,
            sockets,
            shutdown=shutdown,
            ready=lambda: print(line, flush=True),
            certificate=options.certificate,
            udp=udp,
            udp_host=options.udp_host,
        )
    finally:
        reloading.cancel()


def _listen_udp(
    options: Options, sockets: list[socket.socket]
) -> tuple[list[socket.socket], str | None]:
    """Open the sockets of fast lanes; return them, and why there are none if that is a fault."""
    if not options.limits.fast_lanes:
        return [], None
    missing = availability.missing()
    if missing is not None:
        return [], f'there are no fast lanes: {missing}; --max-fast-lanes 0 ends this warning'
    port = options.udp_port or sockets[0].getsockname()[1]
    try:
        return listen_udp(sockets, port, everywhere=options.udp_host is not None), None
    except OSError as exc:
        if options.udp_port is not None:
            _fail(f'--udp-port {port}: cannot listen there: {exc.strerror or exc}')
        return [], (
            f'there are no fast lanes, because UDP port {port} cannot be opened:'
            f' {exc.strerror or exc}; give another one with --udp-port'
        )


def _rules(options: Options) -> Rules:
    hosts = frozenset({options.host.lower(), *options.server_names})
    return Rules(Tokens(options.grants), options.origins, hosts)


def _audit(path: str | None) -> AuditFile | None:
    if path is None:
        return None
    try:
        return AuditFile(path)
    except OSError as exc:
        raise UsageError(
            f'--audit {path}: {exc.strerror}; expected a regular file that this user may append to'
        ) from exc


def _hash_token(more: Sequence[str]) -> None:
    if more:
        _fail(
            f'hash-token: got {" ".join(more)!r}, expected no argument: the token to hash comes on'
            ' standard input, because every user can read a command line'
        )
    try:
        text = hash_token(sys.stdin)
        if sys.stdout is None:
            raise OSError(errno.EBADF, 'standard output is closed')
        # Bypass the buffer of stdout, which Python would write again at exit if the write failed.
        os.write(sys.stdout.fileno(), f'{text}\n'.encode())
    except ValueError as exc:
        _fail(f'hash-token: {exc}')
    except OSError as exc:
        _fail(f'hash-token: {exc.strerror}')


def _request_shutdown(loop: asyncio.AbstractEventLoop, shutdown: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # The loop has ended.
        loop.call_soon_threadsafe(shutdown.set)


def _warn_if_exposed(options: Options) -> None:
    """Print one line that warns of a network address without tokens or TLS."""
    where = f'{NAME}: warning: --host {options.host}'
    if not options.grants:
        print(
            f'{where}: without a token, anyone who can reach this machine can move the robots in'
            f' its rooms; set {TOKEN_VARIABLE}, or listen on 127.0.0.1',
            file=sys.stderr,
        )
    elif options.certificate is None:
        print(
            f'{where}: without TLS, anyone on the network path can read the token; give --certfile'
            ' and --keyfile, or use a reverse proxy with TLS',
            file=sys.stderr,
        )


def _without_ros_args(args: Sequence[str]) -> list[str]:
    """Drop the arguments that ROS 2 launch appends, because this program is not a node."""
    return list(args[: args.index('--ros-args')] if '--ros-args' in args else args)


def _listen_error(error: OSError | UnicodeError, host: str, port: int) -> str:
    """Return the error message for an address that cannot be used."""
    if isinstance(error, socket.gaierror | UnicodeError):
        why = error.strerror if isinstance(error, socket.gaierror) else 'not a host name'
        return (
            f'--host {host}: no such host ({why}); give an address of this machine,'
            ' 127.0.0.1 for this machine alone or 0.0.0.0 for every network'
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f'--port {port}: in use on {host} already; end the program that uses it, or give'
            ' another port (0: any free port)'
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f'--host {host}: not an address of this machine; give 127.0.0.1 for this machine'
            ' alone or 0.0.0.0 for every network'
        )
    if error.errno == errno.EACCES:
        return f'--port {port}: not permitted on {host}; give a port from 1024 up'
    return f'--host {host} --port {port}: cannot listen there: {error.strerror or error}'


def _fail(message: str) -> NoReturn:
    print(f'{NAME}: {message}', file=sys.stderr)
    raise SystemExit(USAGE_ERROR)

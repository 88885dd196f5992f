# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Parses and checks the options of ``arena_server``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
import ipaddress
from pathlib import Path
import ssl
from typing import Any, NoReturn

from ...arena.control_messages import ControlPolicy
from ...release import version
from ..access.rules import is_host_name, is_origin
from ..access.tokens import MIN_TOKEN_CHARACTERS, Grant
from ..rooms.limits import Limits, Policy, Timing
from ..serving import Certificate
from .given_files import UsageError, check_regular
from .token_sources import TOKEN_VARIABLE, named_grants, single_grant, single_token

__all__ = ['NAME', 'TOKEN_VARIABLE', 'Options', 'UsageError', 'read_grants', 'read_options']

NAME = 'arena_server'

_LIMITS = (
    ('--max-rooms', 'rooms', 'N', 'rooms in all workspaces together'),
    ('--max-members', 'members', 'N', 'participants of one room'),
    ('--max-connections', 'connections', 'N', 'connections of clients with a token or in a room'),
    ('--max-per-address', 'per_address', 'N', 'connections of one address; 0: no limit'),
    ('--max-rate-hz', 'frames_hz', 'HZ', 'messages per second of one participant, without stops'),
    ('--max-fast-lanes', 'fast_lanes', 'N', 'participants with a fast lane; 0: no lanes'),
    ('--max-idle-s', 'idle_s', 'S', 'delete a room that has been unused for so many seconds'),
)
_SIZES = (
    ('--max-joints', 'joints', 'N', 'joints that one room stores'),
    ('--max-frame-bytes', 'frame_bytes', 'N', 'bytes of one WebSocket message'),
)

_EXAMPLES = f"""examples:
  {NAME}
      for programs and browsers on this machine
  {NAME} --host 0.0.0.0 --token-file token \\
      --certfile cert.pem --keyfile key.pem
      for a network; docs/howto/tls_and_tokens.md explains these files

The token is read from {TOKEN_VARIABLE} if neither --token-file nor --tokens
is given.
Exit code: 0 after SIGINT (Ctrl-C) or SIGTERM, 2 if an option, the token or the
address is not valid."""


@dataclass(frozen=True)
class Options:
    """
    The options from the command line and the environment.

    :param grants: the grant of each token; empty if the server needs no token.
    :param token_file: path of the file with a single token.
    :param tokens_file: path of the file with named tokens.
    :param udp_port: the port of fast lanes; None = that of TCP.
    :param udp_host: the host of fast lanes that clients are told; None = that of the WebSocket.
    :param warnings: settings that are accepted but unsafe, each as a sentence.
    """

    host: str
    port: int
    log_level: str
    limits: Limits
    timing: Timing
    policy: Policy
    grants: tuple[Grant, ...]
    token_file: str | None
    tokens_file: str | None
    audit_file: str | None
    origins: tuple[str, ...]
    server_names: tuple[str, ...]
    certificate: Certificate | None
    udp_port: int | None
    udp_host: str | None
    warnings: tuple[str, ...]


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, []):
            return action.help
        return super()._get_help_string(action)


class _Parser(argparse.ArgumentParser):
    """Raises UsageError, so that all errors of this program have one format."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f'{message}; see --help')


def read_options(args: Sequence[str], environment: dict[str, str]) -> Options:
    """
    Parse the command line.

    :raises UsageError: an option or the token is not valid.
    """
    given = _parser().parse_args(args)
    if given.token_file is not None and given.tokens is not None:
        raise UsageError(
            f'--token-file {given.token_file}: give either this or --tokens; {NAME} hash-token <'
            f' {given.token_file} prints the hash of the token, which {given.tokens} may have'
        )
    token = single_token(given.token_file, environment) if given.tokens is None else None
    return Options(
        host=given.host,
        port=given.port,
        log_level=given.log_level,
        limits=Limits(**{field.name: getattr(given, field.name) for field in fields(Limits)}),
        timing=Timing(join_s=given.join_s),
        policy=Policy(
            commands=not given.no_commands,
            newest_wins=given.newest_wins,
            fresh_rooms=given.fresh_rooms,
            control=ControlPolicy(given.control),
        ),
        grants=named_grants(given.tokens) if given.tokens is not None else single_grant(token),
        token_file=given.token_file,
        tokens_file=given.tokens,
        audit_file=given.audit,
        origins=tuple(given.allow_origin),
        server_names=tuple(given.server_name),
        certificate=_certificate(given.certfile, given.keyfile),
        udp_port=given.udp_port,
        udp_host=given.udp_host,
        warnings=tuple(_warnings(token, given, environment)),
    )


def read_grants(options: Options) -> tuple[Grant, ...] | None:
    """
    Read the file with the token or the tokens again.

    :returns: None if neither ``--tokens`` nor ``--token-file`` is given.
    :raises UsageError: the file is not valid.
    """
    if options.tokens_file is not None:
        return named_grants(options.tokens_file)
    if options.token_file is not None:
        return single_grant(single_token(options.token_file, {}))
    return None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=NAME,
        usage='%(prog)s [option ...]',
        description='Serve LeRobot Arena rooms over REST and WebSockets.',
        epilog=_EXAMPLES,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    _add_first(parser.add_argument)
    _add_access(parser.add_argument_group('access'))
    _add_policy(parser.add_argument_group('rooms'))
    _add_lanes(parser.add_argument_group('fast lanes'))
    _add_numbers(parser.add_argument_group('limits'), _LIMITS)
    _add_numbers(parser.add_argument_group('sizes'), _SIZES)
    return parser


def _add_first(option: Callable[..., object]) -> None:
    """Add the options that most users need; they come first in the help."""
    option('--host', default='127.0.0.1', help='address to listen on; 0.0.0.0: every network')
    option('--port', type=_port, default=8000, help='TCP port; 0: one that is free')
    option(
        '--token-file',
        type=_file,
        metavar='FILE',
        help='file with the token that every client must send; without a token, every client has'
        ' full access',
    )
    option(
        '--tokens',
        type=_file,
        metavar='FILE',
        help='YAML file with the hashes of named tokens and their permissions; read again on'
        f' SIGHUP. {NAME} hash-token creates a token and its hash',
    )
    option('--certfile', type=_file, metavar='FILE', help='PEM certificate chain, for TLS')
    option(
        '--keyfile', type=_file, metavar='FILE', help='PEM private key, if it is not in --certfile'
    )
    option(
        '--allow-origin',
        action='append',
        default=[],
        type=_origin,
        metavar='ORIGIN',
        help='allow web pages of this origin, such as https://example.org; * for all; may be'
        ' repeated. Default: only the console of this server',
    )
    option('--no-commands', action='store_true', help='refuse joint commands over REST')
    option(
        '--log-level',
        choices=('debug', 'info', 'warning', 'error'),
        default='warning',
        metavar='LEVEL',
        help='lowest level to log to stderr: debug, info, warning or error',
    )
    option('--version', action='version', version=f'%(prog)s {version()}')


def _add_access(group: Any) -> None:
    group.add_argument(
        '--server-name',
        action='append',
        default=[],
        type=_host_name,
        metavar='NAME',
        help='host name of this server, in addition to localhost, --host and IP addresses; may be'
        ' repeated. Requests for other host names are refused',
    )
    group.add_argument(
        '--audit',
        type=_file,
        metavar='FILE',
        help='append an audit log to this file, one JSON object per line; logrotate may move the'
        ' file at any time',
    )


def _add_policy(group: Any) -> None:
    for name, text in (
        ('--newest-wins', 'a client that joins with an id in use replaces the current holder'),
        ('--fresh-rooms', 'creating an existing, empty room clears its stored joints'),
    ):
        group.add_argument(name, action='store_true', help=text)
    group.add_argument(
        '--control',
        choices=[policy.value for policy in ControlPolicy],
        default=Policy().control.value,
        metavar='POLICY',
        help='how a driver gets control of a room while another one has it: first (not at all),'
        ' ask (the other one is asked), take (at once); the creator of a room may choose another',
    )
    group.add_argument(
        '--join-timeout-s',
        dest='join_s',
        type=_positive,
        default=Timing().join_s,
        metavar='S',
        help='timeout for a complete request or a join message, in seconds',
    )


def _add_lanes(group: Any) -> None:
    group.add_argument(
        '--udp-port',
        type=_udp_port,
        metavar='PORT',
        help='UDP port of the fast lanes of joint updates; default: the number of the TCP port',
    )
    group.add_argument(
        '--udp-host',
        type=_lane_host,
        metavar='HOST',
        help='host name or address under which clients reach that port, if it is not that of'
        ' their WebSocket, for example behind a reverse proxy; the port is then opened on every'
        ' network',
    )


def _add_numbers(group: Any, rows: tuple[tuple[str, str, str, str], ...]) -> None:
    default = Limits()
    for name, dest, unit, text in rows:
        kind = _kind(dest, unit)
        value = getattr(default, dest)
        group.add_argument(name, dest=dest, type=kind, default=value, metavar=unit, help=text)


def _kind(dest: str, unit: str) -> Callable[[str], float]:
    if dest in ('per_address', 'fast_lanes'):
        return _count_or_zero
    return _count if unit == 'N' else _positive


def _warnings(
    token: str | None, given: argparse.Namespace, environment: dict[str, str]
) -> Iterator[str]:
    variable = environment.get(TOKEN_VARIABLE)
    if given.tokens is not None and variable:
        yield (
            f'{TOKEN_VARIABLE} is ignored, because --tokens is given: its token is valid only if'
            f' {given.tokens} contains its hash'
        )
    elif variable == '' and token is None and given.tokens is None:
        yield (
            f'{TOKEN_VARIABLE} is empty, so clients need no token; unset it if that is intended'
        )
    if token is not None and len(token) < MIN_TOKEN_CHARACTERS:
        yield (
            f'the token has {len(token)} characters and can be guessed; {NAME} hash-token creates'
            ' a strong one'
        )
    for option in ('token_file', 'tokens', 'keyfile'):
        path = getattr(given, option)
        if path is not None and Path(path).stat().st_mode & 0o007:
            name = option.replace('_', '-')
            yield f'--{name} {path}: other users may read or change it; chmod 600 {path}'


def _certificate(certfile: str | None, keyfile: str | None) -> Certificate | None:
    if certfile is None:
        if keyfile is not None:
            raise UsageError(f'--keyfile {keyfile}: give --certfile, too')
        return None
    expected = 'PEM files with a certificate and its key, unencrypted'
    check_regular('--certfile', certfile, expected)
    named = f'--certfile {certfile}'
    if keyfile is not None:
        check_regular('--keyfile', keyfile, expected)
        named += f' --keyfile {keyfile}'
    certificate = Certificate(certfile, keyfile)
    try:
        certificate.context()
    except (OSError, ValueError) as exc:
        raise UsageError(f'{named}: {_reason_of(exc)}; expected {expected}') from exc
    return certificate


def _reason_of(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return 'not a certificate with its key'  # OpenSSL's text would name a source file.
    return getattr(error, 'strerror', None) or str(error)


def _file(text: str) -> str:
    if not text:  # From an unset shell variable; must not turn off tokens.
        raise argparse.ArgumentTypeError("expected the path of a file, got ''")
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 65535, got {text!r}')
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number from 1 up, got {text!r}')
    return int(text)


def _count_or_zero(text: str) -> int:
    return 0 if text == '0' else _count(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float('inf'):
        raise argparse.ArgumentTypeError(f'expected a number, more than 0, got {text!r}')
    return number


def _host_name(text: str) -> str:
    if not is_host_name(text):
        raise argparse.ArgumentTypeError(
            f'expected a host name such as arena.example.org, without a port, got {text!r}'
        )
    return text.lower()


def _lane_host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return _host_name(text)


def _udp_port(text: str) -> int:
    port = _port(text)
    if port == 0:
        raise argparse.ArgumentTypeError(f'expected a port from 1 to 65535, got {text!r}')
    return port


def _origin(text: str) -> str:
    origin = text.lower()
    if not is_origin(origin):
        raise argparse.ArgumentTypeError(
            f'expected an origin such as https://example.org, without a path, or *, got {text!r}'
        )
    return origin

"""The command line of ``arena_server``: every option, checked and read into frozen dataclasses."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
import ssl
from typing import Any, NoReturn

from ..release import version
from .access import checked_token, is_host_name, is_origin
from .limits import Limits, Policy, Timing
from .serving import Certificate
from .tokens import MIN_TOKEN_CHARACTERS, Grant, read_tokens

__all__ = ['NAME', 'TOKEN_VARIABLE', 'Options', 'UsageError', 'read_options', 'read_token_file']

NAME = 'arena_server'

TOKEN_VARIABLE = 'LEROBOT_ARENA_TOKEN'
"""The environment variable with the token: a command line can be read by everybody."""

_LIMITS = (
    ('--max-rooms', 'rooms', 'N', 'rooms in all workspaces together'),
    ('--max-members', 'members', 'N', 'participants of one room'),
    ('--max-joints', 'joints', 'N', 'joints that one room remembers'),
    ('--max-joint-name', 'joint_name', 'N', "characters of a joint's name"),
    ('--max-participant-id', 'participant_id', 'N', 'characters of a participant id'),
    ('--max-room-id', 'room_id', 'N', 'characters of a room id or a workspace id'),
    ('--max-frame-bytes', 'frame_bytes', 'N', 'bytes of one WebSocket message'),
    ('--max-body-bytes', 'body_bytes', 'N', 'bytes of the body of one REST request'),
    (
        '--max-connections',
        'connections',
        'N',
        'connections of clients that brought a token or joined a room; a quarter as many more may'
        ' be about to',
    ),
    ('--max-per-address', 'per_address', 'N', 'connections of one address; 0 for no limit'),
    (
        '--max-rate-hz',
        'frames_hz',
        'HZ',
        'messages a second of one participant, stops apart',
    ),
    ('--max-idle-s', 'idle_s', 'S', 'seconds until a room is dropped that nobody is in or uses'),
)


class UsageError(Exception):
    """The program was started with something that it cannot use; the text says what to do."""


@dataclass(frozen=True)
class Options:
    """
    What the command line and the environment say.

    :param single: what the one token of the environment or of ``--token-file`` allows, if any.
    :param tokens: what each token of ``--tokens`` allows.
    :param weaknesses: what is accepted and should be better, each as a sentence.
    """

    host: str
    port: int
    log_level: str
    limits: Limits
    timing: Timing
    policy: Policy
    single: tuple[Grant, ...]
    tokens: tuple[Grant, ...]
    tokens_file: str | None
    audit_file: str | None
    origins: tuple[str, ...]
    server_names: tuple[str, ...]
    certificate: Certificate | None
    weaknesses: tuple[str, ...]


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults that there are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, []):
            return action.help
        return super()._get_help_string(action)


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as for everything else that this program refuses."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong."""
        raise UsageError(f'{message}; see --help')


def read_options(args: Sequence[str], environment: dict[str, str]) -> Options:
    """
    Read the command line.

    :raises UsageError: something in it, or the token, cannot be used.
    """
    given = _parser().parse_args(args)
    token = _token(given.token_file, environment)
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
        ),
        single=() if token is None else (Grant.of_token('token', token),),
        tokens=read_token_file(given.tokens) if given.tokens else (),
        tokens_file=given.tokens,
        audit_file=given.audit,
        origins=tuple(given.allow_origin),
        server_names=tuple(given.server_name),
        certificate=_certificate(given.certfile, given.keyfile),
        weaknesses=tuple(_weaknesses(token, given)),
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=NAME,
        description='Serve LeRobot Arena rooms over REST and WebSockets.',
        epilog=f'The environment variable {TOKEN_VARIABLE} holds the token that clients must'
        ' bring, if any. Exit code: 0 after SIGINT (Ctrl-C) or SIGTERM, 2 where an option, the'
        ' token or the address cannot be used.',
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    option = parser.add_argument
    option('--version', action='version', version=f'%(prog)s {version()}')
    option('--host', default='127.0.0.1', help='address to listen on; 0.0.0.0 for every network')
    option('--port', type=_port, default=8000, help='TCP port, 0 for one that is free')
    option(
        '--log-level',
        choices=('debug', 'info', 'warning', 'error'),
        default='warning',
        help='how much to write to stderr',
    )
    _add_access(parser.add_argument_group('access'))
    _add_policy(parser.add_argument_group('policy'))
    _add_limits(parser.add_argument_group('limits'))
    return parser


def _add_access(group: Any) -> None:
    group.add_argument(
        '--token-file',
        metavar='FILE',
        help=f'read the token from here instead of {TOKEN_VARIABLE}',
    )
    group.add_argument(
        '--tokens',
        metavar='FILE',
        help='YAML file with named tokens, as hashes, and what each allows; read again on SIGHUP.'
        f' {NAME} hash-token makes a token and its hash',
    )
    group.add_argument(
        '--audit',
        metavar='FILE',
        help='append who did what to this file, one JSON object a line; it may be moved away at'
        ' any time, by logrotate for example',
    )
    group.add_argument(
        '--server-name',
        action='append',
        default=[],
        type=_host_name,
        metavar='NAME',
        help='a host name that clients use for this server, besides localhost, --host and IP'
        ' addresses; may be given more than once. A request for another name is refused',
    )
    group.add_argument(
        '--allow-origin',
        action='append',
        default=[],
        type=_origin,
        metavar='ORIGIN',
        help='web pages of this origin may use the server, such as https://example.org, or * for'
        ' all; may be given more than once. Without it: the console alone',
    )
    group.add_argument('--certfile', metavar='FILE', help='PEM certificate chain, for TLS')
    group.add_argument(
        '--keyfile', metavar='FILE', help='PEM private key, where it is not in --certfile'
    )


def _add_policy(group: Any) -> None:
    for name, text in (
        ('--no-commands', 'refuse joint commands over REST, also in a room without a producer'),
        ('--newest-wins', 'who joins under an id that is taken replaces its holder'),
        ('--fresh-rooms', 'creating a room that exists, and nobody is in, empties its memory'),
    ):
        group.add_argument(name, action='store_true', help=text)


def _add_limits(group: Any) -> None:
    default = Limits()
    for name, dest, unit, text in _LIMITS:
        kind = _kind(dest, unit)
        value = getattr(default, dest)
        group.add_argument(name, dest=dest, type=kind, default=value, metavar=unit, help=text)
    group.add_argument(
        '--join-timeout-s',
        dest='join_s',
        type=_positive,
        default=Timing().join_s,
        metavar='S',
        help='seconds that a client may take to say who it is or what it wants',
    )


def read_token_file(path: str) -> tuple[Grant, ...]:
    """
    Read the file of ``--tokens``.

    :raises UsageError: something in it cannot be used.
    """
    where = f'--tokens {path}'
    try:
        return read_tokens(Path(path).read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else 'not a text file'
        raise UsageError(f'{where}: {why}; expected a YAML file with tokens') from exc
    except ValueError as exc:
        raise UsageError(f'{where}: {exc}') from exc


def _kind(dest: str, unit: str) -> Callable[[str], float]:
    if dest == 'per_address':
        return _count_or_none
    return _count if unit == 'N' else _positive


def _token(path: str | None, environment: dict[str, str]) -> str | None:
    """Find the token; what is wrong with it is said without telling it."""
    if path is not None:
        where = f'--token-file {path}'
        try:
            text = Path(path).read_text(encoding='utf-8')
        except (OSError, UnicodeDecodeError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else 'not a text file'
            raise UsageError(f'{where}: {why}; expected a file with the token') from exc
    else:
        where, text = TOKEN_VARIABLE, environment.get(TOKEN_VARIABLE, '')
        if not text:
            return None
    try:
        return checked_token(text)
    except ValueError as exc:
        raise UsageError(f'{where}: not a token: {exc}') from exc


def _weaknesses(token: str | None, given: argparse.Namespace) -> Iterator[str]:
    if token is not None and len(token) < MIN_TOKEN_CHARACTERS:
        yield (
            f'the token has {len(token)} characters and can be guessed; {NAME} hash-token makes'
            ' one that cannot'
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
    certificate = Certificate(certfile, keyfile)
    named = f'--certfile {certfile}' + (f' --keyfile {keyfile}' if keyfile else '')
    try:
        certificate.check()
    except (OSError, ValueError) as exc:
        raise UsageError(
            f'{named}: {_why(exc)}; expected PEM files with a certificate and its key, unencrypted'
        ) from exc
    return certificate


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return 'no such pair in there'  # OpenSSL would name its source file.
    return getattr(error, 'strerror', None) or str(error)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 65535, got {text!r}')
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number from 1 up, got {text!r}')
    return int(text)


def _count_or_none(text: str) -> int:
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


def _origin(text: str) -> str:
    origin = text.lower()
    if not is_origin(origin):
        raise argparse.ArgumentTypeError(
            f'expected an origin such as https://example.org, without a path, or *, got {text!r}'
        )
    return origin

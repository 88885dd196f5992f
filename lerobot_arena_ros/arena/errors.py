# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The errors of the arena client.

::

    ArenaError
    +- InvalidAddress       a server URL is invalid; also a ValueError
    +- InvalidAccess        a token or CA file is invalid; also a ValueError
    |  +- InvalidProxy      a proxy in the environment variables is invalid
    +- ProtocolError        the peer violated the protocol
    +- TransportError       the network failed; retryable
    |  +- ConnectError      the connection was not established
    |  +- ConnectionLost    an established connection was lost
    |  +- UnexpectedError   a bug of this package while joining
    +- RequestRejected      the arena refused the request; has the HTTP status if there was one
       +- AccessDenied      the token is missing or wrong
       +- ControlRefused    a request for control was refused; has the id of who has control
       +- RoomNotFound      the workspace or the room does not exist
       +- JoinRefused       the room exists and refused this participant
          +- RoleTaken      the room already has a producer; has its id
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    'AccessDenied',
    'ArenaError',
    'ConnectError',
    'ConnectionLost',
    'ControlRefused',
    'InvalidAccess',
    'InvalidAddress',
    'InvalidProxy',
    'JoinRefused',
    'ProtocolError',
    'RequestRejected',
    'RoleTaken',
    'RoomNotFound',
    'TransportError',
    'UnexpectedError',
]


class ArenaError(Exception):
    """The base class of all errors of this client."""


class InvalidAddress(ArenaError, ValueError):
    """A server URL is invalid."""


class InvalidAccess(ArenaError, ValueError):
    """A token, a CA file or a proxy is invalid or must not be used with this server."""


class InvalidProxy(InvalidAccess):
    """The proxy that the environment variables configure for this server is invalid."""


class ProtocolError(ArenaError):
    """
    A message violates the protocol.

    :param message: what was expected and what was received.
    :param reason: the kind of error in one word, for counters: ``json``, ``shape``, ``name``,
        ``value``, ``binary``, ``join``, ``robot_state``.
    :param joints: the invalid joints of an update and why, if its other joints are valid.
    """

    def __init__(
        self, message: str, *, reason: str, joints: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.joints = joints or {}


class TransportError(ArenaError):
    """The network failed; the same call may succeed later."""


class ConnectError(TransportError):
    """
    The connection to the server was not established.

    :param status: the HTTP status of a refused WebSocket handshake; None if there was none.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConnectionLost(TransportError):
    """An established connection ended, and this client did not close it."""


class UnexpectedError(TransportError):
    """
    An attempt to join failed because of a bug in this package.

    :param cause: the original exception with its traceback.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(f'joining failed because of a bug: {cause!r}')
        self.__cause__ = cause


class RequestRejected(ArenaError):
    """
    The arena understood the request and refused it.

    :param message: what was refused and why.
    :param status: the HTTP status code; None if the refusal came over the WebSocket.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class AccessDenied(RequestRejected):
    """The arena requires a token, and the token is missing or wrong."""


class ControlRefused(RequestRejected):
    """
    A request to take, give, release or refuse control was refused, or not answered in time.

    :param message: why.
    :param holder: the participant id of the driver that has control; None = nobody.
    """

    def __init__(self, message: str, *, holder: str | None) -> None:
        super().__init__(message)
        self.holder = holder


class RoomNotFound(RequestRejected):
    """The workspace or the room does not exist."""


class JoinRefused(RequestRejected):
    """
    The room exists and refused this participant.

    :param code: of the error that the server sent; None: it sent none, as the public server.
    """

    def __init__(
        self, message: str, *, status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.code = code


class RoleTaken(JoinRefused):
    """
    The room already has a producer.

    :param message: the room and its producer.
    :param holder: the participant id of the current producer.
    :param status: as in :class:`RequestRejected`.
    :param code: as in :class:`JoinRefused`.
    """

    def __init__(
        self, message: str, *, holder: str, status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.holder = holder

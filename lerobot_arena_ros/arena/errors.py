"""
The errors of the arena client.

::

    ArenaError
    +- InvalidAddress       a server URL that cannot be used; also a ValueError
    +- InvalidAccess        a token or CA file that cannot be used; also a ValueError
    |  +- InvalidProxy      a proxy of the environment that cannot be used
    +- ProtocolError        the peer sent something the contract forbids
    +- TransportError       the network failed; worth another try
    |  +- ConnectError      never got through
    |  +- ConnectionLost    was connected
    |  +- UnexpectedError   a defect of this package, while joining
    +- RequestRejected      the arena answered no; carries the HTTP status, if there was one
       +- AccessDenied      the token is missing or wrong
       +- RoomNotFound      no such workspace or room
       +- JoinRefused       the room exists and does not take this participant
          +- RoleTaken      the room has a producer already; carries its id
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    'AccessDenied',
    'ArenaError',
    'ConnectError',
    'ConnectionLost',
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
    """The root of everything that this client raises on its own account."""


class InvalidAddress(ArenaError, ValueError):
    """A server URL is not one that a client could use."""


class InvalidAccess(ArenaError, ValueError):
    """A token, a file of authorities or a proxy cannot be used, or not with this server."""


class InvalidProxy(InvalidAccess):
    """A proxy that the environment names for this server cannot be used."""


class ProtocolError(ArenaError):
    """
    A message breaks the contract of the wire.

    :param message: what was expected and what came.
    :param reason: the same as one word, for counting: ``json``, ``shape``, ``name``, ``value``,
        ``binary``, ``join``, ``robot_state``.
    :param joints: the joints of an update that are wrong, and why, where the others are right.
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
    The server could not be reached.

    :param status: the HTTP status with which a WebSocket was refused; None where there was none.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConnectionLost(TransportError):
    """An established connection ended without our asking."""


class UnexpectedError(TransportError):
    """
    An attempt to join failed for a reason that is a defect of this package.

    :param cause: what was raised; it has the traceback.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(f'joining failed, which is a bug: {cause!r}')
        self.__cause__ = cause


class RequestRejected(ArenaError):
    """
    The arena understood the request and refused it.

    :param message: what was refused and why.
    :param status: the HTTP status code, None where the refusal came over the WebSocket.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class AccessDenied(RequestRejected):
    """The arena wants a token and did not get the right one."""


class RoomNotFound(RequestRejected):
    """The workspace or the room does not exist."""


class JoinRefused(RequestRejected):
    """The room exists and does not take this participant."""


class RoleTaken(JoinRefused):
    """
    The room has a producer already.

    :param message: which room, and who holds it.
    :param holder: the participant id of the present producer.
    :param status: as in :class:`RequestRejected`.
    """

    def __init__(self, message: str, *, holder: str, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.holder = holder

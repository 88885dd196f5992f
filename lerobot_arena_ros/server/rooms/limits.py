"""How much the arena takes, how patient it is, and what it allows: plain numbers and switches."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['Limits', 'Policy', 'Timing']


@dataclass(frozen=True)
class Limits:
    """
    How much the arena takes before it says no.

    :param rooms: rooms in all workspaces together.
    :param members: participants of one room.
    :param joints: joint names that one room remembers.
    :param joint_name: characters of a joint's name.
    :param participant_id: characters of a participant id.
    :param room_id: characters of a room id, and of a workspace id.
    :param frame_bytes: the largest frame of a participant; clients take up to 1 MiB themselves.
    :param body_bytes: the largest body of a REST request.
    :param frames_hz: frames per second of one participant, on average over two seconds.
    :param connections: connections of clients that belong here, see :mod:`.admission`.
    :param per_address: connections of one address, waiting ones included; 0 for no limit.
    :param idle_s: a room without members goes after so many seconds without a change.
    """

    rooms: int = 1000
    members: int = 100
    joints: int = 1000
    joint_name: int = 50
    participant_id: int = 100
    room_id: int = 128
    frame_bytes: int = 256 * 1024
    body_bytes: int = 64 * 1024
    frames_hz: float = 5000.0
    connections: int = 500
    per_address: int = 250
    idle_s: float = 3600.0


@dataclass(frozen=True)
class Timing:
    """
    How patient the server is, in seconds.

    :param join_s: how long a peer may take to say who it is, or what it wants over REST.
    :param probe_s: how long a participant may take to show that it lives when another wants its
        place.
    :param stall_s: how long a peer may leave unread what it is sent.
    :param keepalive_s: how often each peer is pinged; silent for two periods, it is put out.
    :param liveness_s: a participant with the feature ``liveness`` whose program sends nothing for
        so long, and for a fifth of it at most, is disconnected.
    :param sweep_s: how often idle rooms are dropped.
    :param log_s: how often each kind of log line may be written anew.
    """

    join_s: float = 10.0
    probe_s: float = 3.0
    stall_s: float = 10.0
    keepalive_s: float = 10.0
    liveness_s: float = 5.0
    sweep_s: float = 900.0
    log_s: float = 10.0


@dataclass(frozen=True)
class Policy:
    """
    What is a matter of taste.

    :param commands: joints may be moved over REST, beside the producer.
    :param newest_wins: who joins under an id that is taken replaces its holder, alive or not.
    :param fresh_rooms: creating a room that exists, and that nobody is in, empties its memory, as
        the public server does; otherwise it stays as it is.
    """

    commands: bool = True
    newest_wins: bool = False
    fresh_rooms: bool = False

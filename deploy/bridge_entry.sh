#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers

# Runs a command with ROS 2 and the bridge in its environment. exec, because the signals of the
# container go to the first process.
set -e
. /opt/ros/jazzy/setup.sh
. /opt/arena_ws/install/setup.sh
exec "$@"

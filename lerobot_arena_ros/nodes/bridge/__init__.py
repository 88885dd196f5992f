"""TODO lerobot_arena_ros/nodes/bridge."""

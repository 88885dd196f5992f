"""TODO lerobot_arena_ros/nodes/runtime."""

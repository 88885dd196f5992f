"""TODO lerobot_arena_ros/server/rooms."""

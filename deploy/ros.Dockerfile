# The bridge of a robot, on ROS 2 Jazzy. docs/howto/containers.md has the commands.
FROM ros:jazzy-ros-core AS build
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-colcon-common-extensions \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . src/lerobot_arena_ros
RUN . /opt/ros/jazzy/setup.sh && colcon build --packages-select lerobot_arena_ros --install-base /opt/arena_ws/install

FROM ros:jazzy-ros-core
LABEL org.opencontainers.image.title="lerobot_arena_ros: bridge" \
      org.opencontainers.image.source="https://github.com/lerobot-arena-ros/lerobot_arena_ros" \
      org.opencontainers.image.licenses="Apache-2.0"
# The dependencies in package.xml. They are not pinned, because the archive of ROS removes old
# versions.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      python3-cryptography \
      python3-fastapi \
      python3-httpx \
      python3-openssl \
      python3-prometheus-client \
      python3-pydantic \
      python3-websockets \
      python3-yaml \
      ros-jazzy-ament-index-python \
      ros-jazzy-builtin-interfaces \
      ros-jazzy-diagnostic-msgs \
      ros-jazzy-geometry-msgs \
      ros-jazzy-launch \
      ros-jazzy-launch-ros \
      ros-jazzy-lifecycle-msgs \
      ros-jazzy-rcl-interfaces \
      ros-jazzy-rclpy \
      ros-jazzy-ros2launch \
      ros-jazzy-sensor-msgs \
      ros-jazzy-std-msgs \
      ros-jazzy-std-srvs \
      ros-jazzy-trajectory-msgs \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/arena_ws/install /opt/arena_ws/install
COPY deploy/bridge_entry.sh deploy/bridge_health.py /opt/arena_ws/
# Fast DDS shares memory only between processes of one user: run the container as that of the
# driver, with --user.
USER 1000:1000
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ROS_LOG_DIR=/tmp/ros_log
# SIGINT goes to launch, which ends its children: the bridge ends its commands and leaves its rooms.
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
  CMD ["/opt/arena_ws/bridge_entry.sh", "python3", "/opt/arena_ws/bridge_health.py"]
ENTRYPOINT ["/opt/arena_ws/bridge_entry.sh"]
# use_respawn: after each start the emergency stop is latched, until a person resets it.
CMD ["ros2", "launch", "lerobot_arena_ros", "bridge.launch.py", "params_file:=/etc/arena_bridge/my_arm.yaml", "use_respawn:=true"]

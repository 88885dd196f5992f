# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Each source module has a test module of its name, or one that tests it through its callers."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'lerobot_arena_ros'
MODULES = sorted(
    path.relative_to(PACKAGE).with_suffix('').as_posix()
    for path in PACKAGE.rglob('*.py')
    if path.name != '__init__.py'
)
TESTS = {path.relative_to(ROOT / 'test').as_posix() for path in (ROOT / 'test').rglob('test_*.py')}

COVERED_BY = {
    'arena/callbacks': 'arena/test_client_core.py',
    'arena/connect': 'arena/test_connection.py',
    'arena/errors': 'arena/test_rest_client.py',
    'arena/factories': 'contract/test_factory_functions.py',
    'arena/fields': 'arena/test_messages.py',
    'arena/hosts': 'arena/test_address.py',
    'arena/joined_client': 'arena/test_client_core.py',
    'arena/joint_sender': 'arena/test_clients.py',
    'arena/lane/channel': 'arena/test_lane_dtls_channel.py',
    'arena/lane/errors': 'arena/test_lane_client_channel.py',
    'arena/robot_state': 'arena/test_messages.py',
    'arena/rooms_client': 'contract/test_rest_api.py',
    'arena/sansio': 'server/test_web_socket.py',
    'arena/lane/client_lane': 'arena/test_lane_keeper.py',
    'arena/lane/dial': 'system/test_fast_lane.py',
    'arena/steady_clock': 'arena/test_connection_loss.py',
    'arena/stream_config': 'arena/test_video_messages.py',
    'arena/tunnel': 'arena/test_proxies.py',
    'control/causes': 'control/test_gate.py',
    'control/condition': 'control/test_command_watch.py',
    'control/gate_output': 'control/test_gate.py',
    'control/gate_settings': 'control/test_gate.py',
    'control/joint_track': 'control/test_measurements.py',
    'control/link_watch': 'control/test_gate_timing.py',
    'executables': 'nodes/test_cli_help.py',
    'media/custom_track': 'media/test_video_client.py',
    'media/errors': 'media/test_peer.py',
    'media/part_history': 'media/test_pairing.py',
    'media/tracks': 'media/test_peer.py',
    'media/video_consumer': 'media/test_video_client.py',
    'media/video_factories': 'media/test_video_client.py',
    'media/video_producer': 'media/test_video_client.py',
    'media/video_types': 'media/test_video_client.py',
    'missing': 'nodes/test_one_sentence.py',
    'nodes/bridge/bridge_node': 'nodes/test_bridge_lifecycle.py',
    'nodes/bridge/bridge_sessions': 'nodes/test_bridge_links.py',
    'nodes/bridge/camera_reports': 'nodes/test_bridge_cameras.py',
    'nodes/bridge/command_topic': 'nodes/test_bridge_commands.py',
    'nodes/bridge/control_panel': 'nodes/test_bridge_hand_over.py',
    'nodes/bridge/control_requests': 'nodes/test_bridge_hand_over.py',
    'nodes/bridge/conversions': 'nodes/test_cdr.py',
    'nodes/bridge/emergency_stop': 'nodes/test_bridge_stop.py',
    'nodes/bridge/main': 'nodes/test_bridge_parameters.py',
    'nodes/camera/camera_node': 'nodes/test_camera.py',
    'nodes/camera/camera_room': 'nodes/test_camera.py',
    'nodes/camera/main': 'nodes/test_camera.py',
    'nodes/camera/python_log': 'nodes/test_camera.py',
    'nodes/camera/receiving': 'nodes/test_camera.py',
    'nodes/camera/sending': 'nodes/test_camera.py',
    'nodes/demo/arm': 'nodes/test_demo.py',
    'nodes/demo/check': 'nodes/test_demo.py',
    'nodes/demo/main': 'nodes/test_demo.py',
    'nodes/demo/processes': 'nodes/test_demo.py',
    'nodes/demo/screen': 'nodes/test_demo_terminal.py',
    'nodes/demo/sim_cameras': 'sim/test_sim_demo.py',
    'nodes/demo/sim_demo': 'sim/test_sim_demo.py',
    'nodes/demo/so101': 'nodes/test_demo.py',
    'nodes/demo/start': 'nodes/test_demo.py',
    'nodes/demo/text': 'nodes/test_demo_terminal.py',
    'nodes/demo/watch': 'nodes/test_demo.py',
    'nodes/fleet/fleet_bridges': 'nodes/test_fleet.py',
    'nodes/fleet/main': 'nodes/test_fleet.py',
    'nodes/launching/parts': 'nodes/test_bridge_launch.py',
    'nodes/runtime/arena_thread': 'nodes/test_bridge_threads.py',
    'nodes/runtime/callback_guard': 'system/test_fleet_faults.py',
    'nodes/runtime/condition_log': 'nodes/test_causes_in_the_log.py',
    'nodes/runtime/diagnostic_parts': 'nodes/test_bridge_diagnostics.py',
    'nodes/runtime/namesakes': 'nodes/test_bridge_names.py',
    'nodes/runtime/parameters': 'nodes/test_bridge_parameters.py',
    'nodes/settings/bridge_settings': 'nodes/test_bridge_parameters.py',
    'nodes/settings/camera_table': 'nodes/test_camera_settings.py',
    'nodes/settings/parameter_validation': 'nodes/test_parameter_table.py',
    'nodes/settings/server_settings': 'nodes/test_bridge_parameters.py',
    'nodes/settings/specs': 'nodes/test_parameter_table.py',
    'nodes/settings/yaml_file': 'nodes/test_parameter_targets.py',
    'nodes/stop/calls': 'nodes/test_stop_command.py',
    'nodes/stop/main': 'nodes/test_stop_command.py',
    'nodes/stop/program': 'nodes/test_stop_command.py',
    'release': 'nodes/test_cli_help.py',
    'server/access/addresses': 'server/test_guesses.py',
    'server/access/plain_yaml': 'server/test_tokens.py',
    'server/access/rules': 'server/test_access_of_server.py',
    'server/cli/given_files': 'server/test_arena_server_options.py',
    'server/cli/hash_token': 'server/test_roles.py',
    'server/cli/options': 'server/test_arena_server_options.py',
    'server/cli/program': 'server/test_arena_server.py',
    'server/cli/token_sources': 'server/test_arena_server_options.py',
    'server/error_codes': 'project/test_server_pages.py',
    'server/http/access_middleware': 'server/test_access_of_server.py',
    'server/http/app': 'server/test_rest.py',
    'server/http/pages': 'server/test_console.py',
    'server/http/rest_access': 'server/test_roles.py',
    'server/http/rest_rooms': 'server/test_rest.py',
    'server/log/stderr': 'server/test_arena_server.py',
    'server/main': 'server/test_arena_server.py',
    'server/net/asgi': 'server/test_web_socket.py',
    'server/net/descriptors': 'server/test_capacity.py',
    'server/net/event_loop': 'server/test_fair_reader.py',
    'server/net/exchange': 'server/test_hostile_requests.py',
    'server/net/http_connection': 'server/test_hostile_requests.py',
    'server/net/listener': 'server/test_capacity.py',
    'server/net/udp_handshakes': 'server/test_udp_port.py',
    'server/participants/clock': 'server/test_rest.py',
    'server/participants/connection_manager': 'server/test_liveness.py',
    'server/participants/signal_relay': 'server/test_video_access.py',
    'server/rooms/base_room': 'server/test_room.py',
    'server/rooms/counters': 'server/test_metrics.py',
    'server/rooms/memory': 'server/test_robots_in_rooms.py',
    'server/rooms/video_room': 'server/test_video_weaknesses.py',
    'sim/faults': 'sim/test_sim_driver.py',
    'sim/main': 'sim/test_sim_node.py',
    'sim/names': 'sim/test_sim_model.py',
    'sim/parameters': 'sim/test_sim_driver.py',
    'sim/pictures': 'sim/test_sim_node.py',
    'video': 'media/test_without_media.py',
}
"""The test module that tests a source module without a test module of its name."""


def own_tests(module: str) -> set[str]:
    """Return the test modules with the name of a module, or of its folder and the module."""
    *folders, name = module.split('/')
    names = {name, f'{folders[-1]}_{name}'} if folders else {name}
    room = folders[0] if folders else 'project'
    return {f'{room}/test_{each}.py' for each in names} & TESTS


@pytest.mark.parametrize('module', MODULES)
def test_each_module_has_a_test_module(module: str) -> None:
    """A module is tested by the test module of its name, or by the one that the table names."""
    assert bool(own_tests(module)) != (module in COVERED_BY), (
        f'{module}: expected a test module of its name, or one in COVERED_BY, not both'
    )


def test_the_table_names_only_what_exists() -> None:
    """Each entry of the table names an existing module and an existing test module."""
    assert set(COVERED_BY) <= set(MODULES)
    assert set(COVERED_BY.values()) <= TESTS

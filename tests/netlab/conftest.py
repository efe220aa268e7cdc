# SPDX-License-Identifier: BSD-3-Clause
"""The fixtures `network`, a lab of machines, and `internet`, a part of a lab in which homes can be. e2e/ starts the processes and puts
their logs into the report of a failed test."""
import contextlib
import importlib.util
import pathlib
import sys

import pytest

END_TO_END = pathlib.Path(__file__).resolve().parents[1] / 'e2e'
sys.path.insert(0, str(END_TO_END))
_spec = importlib.util.spec_from_file_location('end_to_end_conftest', END_TO_END / 'conftest.py')
_end_to_end = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_end_to_end)
pytest_runtest_makereport = _end_to_end.pytest_runtest_makereport

import homes  # noqa: E402
import lab  # noqa: E402


def run_lab(folder, **how):
    """The steps of a fixture that is a lab."""
    with contextlib.closing(lab.Lab(folder, **how)) as made:
        yield made


@pytest.fixture
def network(tmp_path):
    yield from run_lab(tmp_path)


@pytest.fixture(scope='module')
def shared_internet(tmp_path_factory):
    """A switch for homes, which all tests of a module share."""
    homes.check()
    yield from run_lab(tmp_path_factory.mktemp('internet'), net=homes.NET)


@pytest.fixture
def internet(shared_internet):
    """A part of `shared_internet`, with the homes and machines of one test."""
    with contextlib.closing(shared_internet.part()) as made:
        yield made

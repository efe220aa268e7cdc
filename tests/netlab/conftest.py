# SPDX-License-Identifier: BSD-3-Clause
"""The fixture `network`: a lab of machines. e2e/ starts the processes and puts their logs into the report of a failed test."""
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

import lab  # noqa: E402


@pytest.fixture
def network(tmp_path):
    try:
        made = lab.Lab(tmp_path)
    except lab.Missing as missing:
        pytest.skip(str(missing))
    try:
        yield made
    finally:
        made.close()

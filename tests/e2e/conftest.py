# SPDX-License-Identifier: BSD-3-Clause
"""The fixture `network`: its processes end after the test, and the report of a failed test has their logs."""
import pytest

import astral


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    network = item.funcargs.get('network') if hasattr(item, 'funcargs') else None
    if report.failed and network:
        report.sections.append(('processes', network.logs()))


@pytest.fixture
def network(tmp_path):
    made = astral.Network(tmp_path)
    try:
        yield made
    finally:
        made.close()

# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures: a headless Chromium through ChromeDriver (Debian's chromium, chromium-driver, python3-selenium), a headless Firefox (Debian's
firefox-esr), real nodes and a fake one. A test has Chromium's page unless it is marked with one of page.py's in_… marks."""

import importlib.util
import pathlib
import shutil
import sys

import pytest

import fake_node
from page import Page

ROOT = pathlib.Path(__file__).resolve().parents[2]
END_TO_END = ROOT / 'tests' / 'e2e'
FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--mute-audio',
         '--window-size=1280,960', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
         '--ignore-certificate-errors']  # of nodes' own certificates


# e2e/ starts the real processes and puts their logs into the report of a failed test.
sys.path.insert(0, str(END_TO_END))
_spec = importlib.util.spec_from_file_location('end_to_end_conftest', END_TO_END / 'conftest.py')
_end_to_end = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_end_to_end)
network = _end_to_end.network
pytest_runtest_makereport = _end_to_end.pytest_runtest_makereport


@pytest.fixture(scope='session')
def chromium(tmp_path_factory):
    program, chromedriver = shutil.which('chromium'), shutil.which('chromedriver')
    if not program or not chromedriver:
        pytest.skip('Chromium or ChromeDriver is missing (Debian: chromium, chromium-driver)')
    webdriver = pytest.importorskip('selenium.webdriver', reason='Debian: python3-selenium')
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in [*FLAGS, f'--user-data-dir={tmp_path_factory.mktemp("profile")}']:
        options.add_argument(flag)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    chrome = webdriver.Chrome(options=options, service=Service(chromedriver))
    yield chrome
    chrome.quit()


@pytest.fixture(scope='session')
def firefox(tmp_path_factory):
    program = shutil.which('firefox-esr')
    if not program:
        pytest.skip('Firefox is missing (Debian: firefox-esr)')
    pytest.importorskip('selenium.webdriver', reason='Debian: python3-selenium')
    import firefox
    driver = firefox.start(program, tmp_path_factory.mktemp('firefox'))
    yield driver
    driver.quit()


@pytest.fixture
def driver(request):
    return request.getfixturevalue(getattr(request, 'param', 'chromium'))


@pytest.fixture
def page(driver):
    return Page.fresh(driver)


@pytest.fixture(scope='session')
def segments(tmp_path_factory):
    return fake_node.make_segments(tmp_path_factory.mktemp('segments'))


@pytest.fixture
def node(segments):
    import astral
    made = fake_node.FakeNode([ROOT / 'web', astral.BUILD / 'web'], segments)
    yield made
    made.close()

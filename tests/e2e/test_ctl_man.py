# SPDX-License-Identifier: BSD-3-Clause
"""The manual page says what `astralctl --help` says, and is well made."""
import re
import subprocess

import pytest

import astral

PAGE = astral.TOP / 'daemon' / 'ctl' / 'astralctl.1'


@pytest.fixture(scope='module')
def page():
    shown = subprocess.run(['mandoc', '-T', 'utf8', str(PAGE)], capture_output=True, text=True, check=True).stdout
    return re.sub(r'.\x08', '', shown)  # bold and underlined


@pytest.fixture(scope='module')
def help_text():
    return subprocess.run([astral.program('astralctl'), '--help'], capture_output=True, text=True, check=True,
                          timeout=20).stdout


def entries(text, indent):
    """The first words of each described thing: {'listnodes', '-ln'}, {'--node'}, …"""
    found = []
    for line in text.splitlines():
        if re.match(f'{" " * indent}[-a-z]', line):
            names = re.match(r'[-a-z]+(, [-a-z]+)?', line.strip())[0]
            found.append(frozenset(names.split(', ')))
    return found


def test_is_well_made():
    done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', str(PAGE)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, '')


def test_has_every_command_and_option_and_no_other(page, help_text):
    described = page[page.index('The options may stand'):page.index('ENVIRONMENT')]
    wanted = entries(help_text, 2)
    assert len(wanted) >= 17 and frozenset(['top', '-t']) in wanted and frozenset(['--token']) in wanted
    assert sorted(map(sorted, entries(described, 5))) == sorted(map(sorted, wanted))


def test_has_the_arguments_of_every_command(page, help_text):
    lines = re.findall(r'^  ([a-z]+, -[a-z]+ [^a-z\n]*?)  ', help_text, re.M)
    assert len(lines) == 12
    squeezed = page.replace('UUID ...', 'UUID...')
    for line in lines:
        assert re.search(f'^     {re.escape(line.strip())}$', squeezed, re.M), line

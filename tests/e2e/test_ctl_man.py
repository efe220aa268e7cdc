# SPDX-License-Identifier: BSD-3-Clause
"""The manual pages are valid and list the same commands and options as the programs' --help."""
import re
import subprocess

import pytest

import astral

PAGES = {name: astral.TOP / 'daemon' / folder / f'{name}.1'
         for name, folder in (('astralctl', 'ctl'), ('astralnode', 'node'), ('astralorigin', 'origin'))}


def page(program):
    shown = subprocess.run(['mandoc', '-T', 'utf8', str(PAGES[program])], capture_output=True, text=True,
                           check=True).stdout
    return re.sub(r'.\x08', '', shown)  # mandoc writes bold and underline as overstrikes


def help_of(program):
    return subprocess.run([astral.program(program), '--help'], capture_output=True, text=True, check=True,
                          timeout=20).stdout


def entries(text, indent):
    """The names of the described entries: 'listnodes, -ln', '-h, --help', '--node'."""
    return sorted(re.findall(rf'^ {{{indent}}}((?:[a-z]+, )?-[-\w]+(?:, --[-a-z]+)?)', text, re.M))


@pytest.mark.parametrize('program', PAGES)
def test_mandoc_has_no_warning(program):
    done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', str(PAGES[program])], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, '')


@pytest.mark.parametrize('program, least', [('astralctl', 30), ('astralnode', 14), ('astralorigin', 6)])
def test_the_page_has_every_command_and_option_and_no_other(program, least):
    described = entries(help_of(program), 2)
    assert len(described) >= least
    assert entries(page(program), 5) == described


def test_the_page_has_the_arguments_of_every_command():
    lines = re.findall(r'^  ([a-z]+, -[a-z]+ [^a-z\n]*?)  ', help_of('astralctl'), re.M)
    assert len(lines) == 29
    squeezed = page('astralctl').replace('NODE ...', 'NODE...')
    for line in lines:
        assert re.search(f'^     {re.escape(line.strip())}$', squeezed, re.M), line

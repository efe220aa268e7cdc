# SPDX-License-Identifier: BSD-3-Clause
"""Completion of astralctl in a real bash on a real pty, as at a prompt."""
import re

import pytest

import astral
from terminal import Terminal
from test_ctl import Recorder

SCRIPT = astral.TOP / 'daemon' / 'ctl' / 'astralctl.bash'


class Shell:
    """A bash prompt; completed() asks it for all completions of a line."""

    def __init__(self, terminal):
        self.terminal = terminal
        terminal.type("bind 'set enable-bracketed-paste off'\n")
        terminal.type(f'source {SCRIPT}; echo re''ady\n')
        terminal.wait_for('^ready$')
        self._count = 0

    def completed(self, line):
        """The words of the line after bash has inserted all completions (M-*)."""
        self._count += 1
        mark = f'{self._count}/'
        # Types the line, completes it, then turns it into the arguments of printf, which prints the words.
        self.terminal.type(f'{line}\x1b*\x01printf "<%s>\\n" \x05; echo end {mark}\n')
        self.terminal.wait_for(f'^end {mark}$')
        screen = self.terminal.screen
        said = screen[:screen.rindex(f'\nend {mark}')].split('\n')
        words = []
        for row in reversed(said):
            if not re.fullmatch('<.*>', row):
                break
            words.insert(0, row[1:-1])
        return words[1:]


@pytest.fixture
def shell(network):
    program = astral.program('astralctl')
    path = f'{program.rsplit("/", 1)[0]}:/usr/bin:/bin'
    env = network.environment(PS1='$ ', PATH=path, HOME=network.folder)
    with Terminal(['bash', '--norc', '--noprofile', '-i'], env, width=2000, height=500, kind='dumb') as terminal:
        yield Shell(terminal)


def test_commands_and_options_are_completed(shell):
    assert shell.completed('astralctl list') == ['listbans', 'listdevices', 'listnodes', 'liststreams', 'listtickets']
    commands = shell.completed('astralctl ')
    assert len(commands) == 29 and 'top' in commands and all(word.isalpha() for word in commands)
    assert shell.completed('astralctl --') == ['--help', '--json', '--node', '--token', '--version']
    assert {'-ln', '-cn', '-h', '--json'} <= set(shell.completed('astralctl -'))
    assert shell.completed('astralctl --json --node http://127.0.0.1:8000 shut') == [
        '--json', '--node', 'http://127.0.0.1:8000', 'shutdown']
    assert shell.completed('astralctl liststreams --j') == ['liststreams', '--json']


def test_slugs_and_uuids_come_from_the_node(network, shell):
    node = network.node('n1')
    for name in ('My Talk', 'My Film', 'Other "slug":"evil"'):
        assert node.call('POST', '/streams', {'name': name, 'description': '"slug":"evil"'}).status == 201
    for uuid in ('made-up-a', 'made-up-b'):
        assert node.call('POST', '/nodes', {'uuid': uuid, 'ip_address': '127.0.0.1', 'port': 1}).status == 201
    at = f'--node {node.url}'
    assert shell.completed(f'astralctl {at} watch my-')[3:] == ['my-film', 'my-talk']
    assert shell.completed(f'astralctl --node={node.url} -su my-t')[2:] == ['my-talk']
    assert shell.completed(f'astralctl {at} watch ')[3:] == ['my-film', 'my-talk', 'other-slug-evil']
    assert shell.completed(f'astralctl {at} watch my-talk ')[3:] == ['my-talk']  # watch takes one slug
    # The node forgets nodes that it cannot reach, so the made-up ones may be gone. It always knows itself.
    assert shell.completed(f'astralctl {at} seed my-talk n')[3:] == ['my-talk', 'n1']
    assert shell.completed(f'astralctl {at} deletenode n1 n')[3:] == ['n1', 'n']  # not twice
    assert shell.completed(f'astralctl {at} revoketicket my')[3:] == ['my']  # there is no ticket


def test_tickets_come_from_the_node(shell):
    body = (b'{"tickets":[{"stream":"talk","source":"p","destination":"v1"},{"stream":"talk","destination":"v2"},'
            b'{"stream":"film","destination":"w"}]}')
    with Recorder(200, body) as node:
        at = f'--node {node.url} revoketicket'
        assert shell.completed(f'astralctl {at} ')[3:] == ['film', 'talk']
        assert shell.completed(f'astralctl {at} talk ')[4:] == ['v1', 'v2']
        assert shell.completed(f'ASTRAL_TOKEN=x astralctl --token secret {at} film ')[-1] == 'w'
        assert node.requests[-1] == ('GET', '/tickets', 'Bearer secret')


def test_a_complete_command_offers_no_further_word(shell):
    shell.terminal.type("COMP_WORDS=(astralctl liststreams x ''); COMP_CWORD=3; COMP_LINE='astralctl liststreams x '; COMP_POINT=24; "
                        '_astralctl astralctl; echo found ${#COMPREPLY[@]}\n')
    shell.terminal.wait_for('^found 0$')


def test_without_a_node_there_are_no_completions(shell):
    assert shell.completed('astralctl --node http://127.0.0.1:1 watch my') == [
        '--node', 'http://127.0.0.1:1', 'watch', 'my']


def test_completion_does_not_run_what_is_typed(network, shell):
    shell.completed(f'astralctl --node \'$(touch {network.folder}/evil)\' watch my')
    assert not (network.folder / 'evil').exists()

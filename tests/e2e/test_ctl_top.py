# SPDX-License-Identifier: BSD-3-Clause
"""`astralctl top` against a real node: in a terminal, in a pipe, as JSON."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

import astral
from terminal import Terminal

ALTERNATE, CURSOR, WRAP = '1049', '25', '7'


def top(network, url, **size):
    return Terminal([astral.program('astralctl'), '--node', url, 'top'], network.environment(), **size)


def again(network, node):
    """The same node at the same address, after it ended."""
    argv = list(node.argv)
    argv[argv.index('--port') + 1] = str(node.port)
    return network._keep(astral.Node(network, node.name, argv, node.log.with_suffix('.2.log'), network.environment()))


def expect_restored(terminal):
    assert terminal.settings == terminal.before
    assert ALTERNATE not in terminal.modes and {CURSOR, WRAP} <= terminal.modes


def test_shows_what_appears_and_gives_the_terminal_back(network):
    node = network.node('n1')
    with top(network, node.url) as terminal:
        terminal.wait_for(r'^Streams 0$')
        assert terminal.screen.startswith('astralctl top  node n1  ' + node.url)
        assert ALTERNATE in terminal.modes and not {CURSOR, WRAP} & terminal.modes
        assert node.call('POST', '/streams', {'name': 'My Talk \u202e'}).status == 201
        terminal.wait_for(r'^my-talk +waiting .* this node +My Talk \?$')
        terminal.wait_for(r'^Streams 1$')
        # Drawn over what stood there: nothing was cleared after the beginning.
        assert terminal.raw.count('\x1b[2J') == 1
        terminal.type('x')  # means nothing
        terminal.type('q')
        assert terminal.wait() == 0
        expect_restored(terminal)


@pytest.mark.parametrize('how', ['Ctrl-C', 'SIGINT', 'SIGTERM', 'SIGHUP'])
def test_every_end_gives_the_terminal_back(network, how):
    node = network.node('n1')
    with top(network, node.url) as terminal:
        terminal.wait_for(r'^Streams 0$')
        assert terminal.settings != terminal.before
        if how == 'Ctrl-C':
            terminal.type('\x03')
        else:
            terminal.popen.send_signal(getattr(signal, how))
        assert terminal.wait() == 0
        expect_restored(terminal)


def test_follows_the_size_of_the_terminal(network):
    node = network.node('n1')
    with top(network, node.url) as terminal:
        terminal.wait_for(r'^Neighbours 0$')
        terminal.resize(33, 5)
        # The clock stands at the right edge.
        terminal.wait_for(r'\A.{25}\d\d:\d\d:\d\d\n')
        assert len(terminal.screen.split('\n')) == 5
        terminal.resize(120, 40)
        terminal.wait_for(r'\A.{112}\d\d:\d\d:\d\d\n')
        assert 'Neighbours 0' in terminal.screen


def test_waits_for_a_node_that_goes_and_comes_back(network):
    node = network.node('n1')
    with top(network, node.url) as terminal:
        terminal.wait_for(r'^Streams 0$')
        node.end()
        terminal.wait_for(r'^As it was \d+ s ago\. Trying again: no answer from')
        assert 'Streams 0' in terminal.screen  # as it was
        node = again(network, node)
        terminal.wait_for(r'^0 of 0 streams live')
        # By the events of the new one, or by asking it.
        assert node.call('POST', '/streams', {'name': 'Back'}).status == 201
        terminal.wait_for(r'^back +waiting')
        terminal.type('q')
        assert terminal.wait() == 0


def test_a_node_that_was_never_there(network):
    with top(network, 'http://127.0.0.1:1') as terminal:
        terminal.wait_for(r'^Trying again: no answer from http://127\.0\.0\.1:1: ')
        terminal.type('q')
        assert terminal.wait() == 0
        expect_restored(terminal)


def test_can_be_put_aside(network):
    """Ctrl-Z and fg, as the shell means them."""
    node = network.node('n1')
    folder = pathlib.Path(astral.program('astralctl')).parent  # by its name: a longer line would wrap
    path = f'{folder}:{os.environ["PATH"]}'
    with Terminal(['bash', '--norc', '--noprofile', '-i'], network.environment(PS1='$ ', PATH=path)) as shell:
        shell.wait_for(r'^\$ $|^\$$')
        shell.type("bind 'set enable-bracketed-paste off'\n")
        shell.type(f'astralctl --node {node.url} top\n')
        shell.wait_for(r'^Streams 0$')
        shell.type('\x1a')
        shell.wait_for(r'Stopped')
        assert ALTERNATE not in shell.modes and {CURSOR, WRAP} <= shell.modes
        shell.type('fg\n')
        shell.wait_for(r'^Streams 0$')
        assert ALTERNATE in shell.modes
        shell.type('q')
        astral.wait_until(lambda: shell.screen and ALTERNATE not in shell.modes, 'the shell to have its terminal back')
        shell.type('echo status $?\n')
        shell.wait_for(r'^status 0$')


def test_without_a_terminal_it_prints_once(network):
    node = network.node('n1')
    node.call('POST', '/streams', {'name': 'A Name That Is Longer Than Any Terminal ' + 50 * 'x'})
    done = network.ctl(node, 'top')
    assert done.returncode == 0 and done.stderr == ''
    assert done.stdout.startswith('astralctl top  node n1')
    assert 'Streams 1\n' in done.stdout and 50 * 'x' in done.stdout and '\x1b' not in done.stdout
    node.end()
    done = network.ctl(node, 'top')
    assert done.returncode == 1 and done.stdout == '' and 'no answer from' in done.stderr


def test_json_goes_on(network):
    node = network.node('n1')
    with subprocess.Popen([astral.program('astralctl'), '--node', node.url, '--json', 'top'], stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True, env=network.environment()) as child:
        try:
            first = json.loads(child.stdout.readline())
            assert first['node']['uuid'] == 'n1' and first['streams'] == first['tickets'] == []
            assert [one['uuid'] for one in first['nodes']] == ['n1']
            node.call('POST', '/streams', {'name': 'Talk'})
            second = json.loads(child.stdout.readline())
            if not second['streams']:  # it was on its way already
                second = json.loads(child.stdout.readline())
            assert second['streams'][0]['slug'] == 'talk' and second['time_ms'] > first['time_ms']
            node.end()
            while 'node' in (line := json.loads(child.stdout.readline())):
                pass
            assert line['error']['code'] == 'unreachable'
            os.kill(child.pid, signal.SIGTERM)
            assert child.wait(20) == 0
        finally:
            child.kill()


def test_usage(network):
    done = subprocess.run([astral.program('astralctl'), 'top', 'x'], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and 'usage: astralctl top' in done.stderr

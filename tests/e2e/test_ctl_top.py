# SPDX-License-Identifier: BSD-3-Clause
"""`astralctl top` against a real node: in a terminal, in a pipe, as JSON."""
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


def restart(network, node):
    """Starts a node that has ended once more, at the same address."""
    argv = list(node.argv)
    argv[argv.index('--port') + 1] = str(node.port)
    return network._keep(astral.Node(network, node.name, argv, node.log.with_suffix('.2.log'), network.environment()))


def expect_restored(terminal):
    assert terminal.settings == terminal.before
    assert ALTERNATE not in terminal.modes and {CURSOR, WRAP} <= terminal.modes


def test_new_streams_appear_and_the_terminal_is_restored(network):
    node = network.node('n1')
    with top(network, node.url) as terminal:
        terminal.wait_for(r'^Streams 0$')
        assert terminal.screen.startswith('astralctl top  node n1  ' + node.url)
        assert ALTERNATE in terminal.modes and not {CURSOR, WRAP} & terminal.modes
        assert node.call('POST', '/streams', {'name': 'My Talk \u202e'}).status == 201
        terminal.wait_for(r'^my-talk +waiting .* this node +My Talk \?$')
        terminal.wait_for(r'^Streams 1$')
        # top overwrites the old text; it cleared the screen only at its start.
        assert terminal.raw.count('\x1b[2J') == 1
        terminal.type('x')  # no command
        terminal.type('q')
        assert terminal.wait() == 0
        expect_restored(terminal)


@pytest.mark.parametrize('how', ['Ctrl-C', 'SIGINT', 'SIGTERM', 'SIGHUP'])
def test_every_way_to_end_restores_the_terminal(network, how):
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


def test_the_table_fits_a_terminal_that_is_resized(network):
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


def test_top_reconnects_to_a_node_that_is_restarted(network):
    node = network.node('n1')
    with top(network, node.url) as terminal:
        terminal.wait_for(r'^Streams 0$')
        node.end()
        terminal.wait_for(r'^State of \d+ s ago\. Retrying: no answer from')
        assert 'Streams 0' in terminal.screen  # the last known state stays
        node = restart(network, node)
        terminal.wait_for(r'^0 of 0 streams live')
        # top learns of the stream by an event, or when it asks the new node.
        assert node.call('POST', '/streams', {'name': 'Back'}).status == 201
        terminal.wait_for(r'^back +waiting')
        terminal.type('q')
        assert terminal.wait() == 0


def test_top_keeps_trying_a_node_that_does_not_answer(network):
    with top(network, 'http://127.0.0.1:1') as terminal:
        terminal.wait_for(r'^Retrying: no answer from http://127\.0\.0\.1:1: ')
        terminal.type('q')
        assert terminal.wait() == 0
        expect_restored(terminal)


def test_top_can_be_suspended_and_resumed(network):
    """With Ctrl-Z and fg in a shell."""
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
        astral.wait_until(lambda: shell.screen and ALTERNATE not in shell.modes, 'top to leave the alternate screen')
        shell.type('echo status $?\n')
        shell.wait_for(r'^status 0$')


def test_without_a_terminal_top_prints_one_snapshot(network):
    node = network.node('n1')
    node.call('POST', '/streams', {'name': 'A Name That Is Longer Than Any Terminal ' + 50 * 'x'})
    done = network.ctl(node, 'top')
    assert done.returncode == 0 and done.stderr == ''
    assert done.stdout.startswith('astralctl top  node n1')
    assert 'Streams 1\n' in done.stdout and 50 * 'x' in done.stdout and '\x1b' not in done.stdout
    node.end()
    done = network.ctl(node, 'top')
    assert done.returncode == 1 and done.stdout == '' and 'no answer from' in done.stderr


def test_json_prints_a_snapshot_for_each_change(network):
    node = network.node('n1')
    with subprocess.Popen([astral.program('astralctl'), '--node', node.url, '--json', 'top'], stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True, env=network.environment()) as child:
        try:
            first = astral.read_json(child.stdout.readline())
            assert first['node']['uuid'] == 'n1' and first['streams'] == first['tickets'] == []
            assert [one['uuid'] for one in first['nodes']] == ['n1']
            node.call('POST', '/streams', {'name': 'Talk'})
            second = astral.read_json(child.stdout.readline())
            if not second['streams']:  # this snapshot is older than the stream
                second = astral.read_json(child.stdout.readline())
            assert second['streams'][0]['slug'] == 'talk' and second['time_ms'] > first['time_ms']
            node.end()
            while 'node' in (line := astral.read_json(child.stdout.readline())):
                pass
            assert line['error']['code'] == 'unreachable'
            os.kill(child.pid, signal.SIGTERM)
            assert child.wait(20) == 0
        finally:
            child.kill()


def test_an_unknown_argument_prints_the_usage(network):
    done = subprocess.run([astral.program('astralctl'), 'top', 'x'], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and 'usage: astralctl top' in done.stderr

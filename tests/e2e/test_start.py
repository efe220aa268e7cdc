# SPDX-License-Identifier: BSD-3-Clause
"""A program that cannot work ends at its start, with a message that names the cause."""
import subprocess

import astral

SECONDS = 30


def start(network, *argv, **env):
    """Runs a program that should end at once."""
    return subprocess.run([str(a) for a in argv], env=network.environment(**env), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=SECONDS * astral.PATIENCE)


def node_argv(network, *options, state='state'):
    return [astral.program('astralnode'), '--port', 0, '--rtmp-port', 0, '--listen', '127.0.0.1', '--state-dir',
            network.folder / state, *options]


def test_a_node_without_its_plugin_says_where_it_looked(network):
    folder = network.folder / 'nothing'
    folder.mkdir()
    done = start(network, *node_argv(network), GST_PLUGIN_PATH=folder, GST_REGISTRY=network.folder / 'registry.bin')
    assert done.returncode == 1 and 'listening' not in done.stdout, done.stdout
    assert 'astralsink' in done.stderr and f'GST_PLUGIN_PATH={folder}' in done.stderr, done.stderr
    assert '/gstreamer-1.0' in done.stderr, done.stderr
    assert not (network.folder / 'state').exists()


def test_a_second_node_on_one_state_directory_names_the_first(network):
    node = network.node('first')
    for options in (), ('-D',):
        second = start(network, *node_argv(network, *options, state='state-first'))
        assert second.returncode == 1, second.stdout
        assert f'astralnode, process {node.pid} ' in second.stderr and 'state-first' in second.stderr, second.stderr
    assert node.get('/ping') == {'return': 'Pong!'}
    node.kill()
    network.node('first')


def test_a_second_origin_on_one_store_names_the_first(network):
    store = f'sqlite://{network.folder}/origin.db'
    first = network.origin(store=store)
    (network.folder / 'other.db').symlink_to('origin.db')
    for path in 'origin.db', 'other.db':
        second = start(network, astral.program('astralorigin'), '--port', 0, '--store', f'sqlite://{network.folder}/{path}')
        assert second.returncode == 1, second.stdout
        assert f'astralorigin, process {first.pid} ' in second.stderr and path in second.stderr, second.stderr
    assert first.get('/streams') == {'streams': []}
    first.kill()
    network.origin(store=store)


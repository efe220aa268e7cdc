# SPDX-License-Identifier: BSD-3-Clause
"""SIGHUP: a node reads its settings again and opens its log again; an origin goes on. Secrets that others can read are warned of."""
import os
import signal
import subprocess

import pytest

import astral

FIRST, SECOND = 'correct-horse-battery-staple', 'another-horse-battery-staple'


class Settings:
    def __init__(self, path):
        self.path = path

    def write(self, text, mode=0o600):
        self.path.write_text(f'[astralnode]\n{text}\n')
        self.path.chmod(mode)


@pytest.fixture
def settings(network):
    return Settings(network.folder / 'node.conf')


def is_owner(node, token):
    """Whether another machine with that token is the owner."""
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    return astral.http('GET', f'http://{address}:{node.port}/settings', None, {'Authorization': f'Bearer {token}'}).json['owner']


def hang_up(process, says):
    before = process.output.count(says)
    process.popen.send_signal(signal.SIGHUP)
    astral.wait_until(lambda: process.output.count(says) > before, f'{says!r} in its output')


def test_a_token_is_replaced_while_the_node_runs(network, settings):
    settings.write(f'token={FIRST}')
    node = network.node('n', None, (), None, '--settings', settings.path, listen='0.0.0.0')
    assert is_owner(node, FIRST) and not is_owner(node, SECOND)
    settings.write(f'token={SECOND}')
    hang_up(node, 'settings were read again')
    assert is_owner(node, SECOND) and not is_owner(node, FIRST)
    assert 'starts again' not in node.output
    settings.write(f'token={SECOND}\nmax-children=3')
    hang_up(node, 'starts again')


def test_settings_with_an_error_are_not_taken(network, settings):
    settings.write(f'token={FIRST}')
    node = network.node('n', None, (), None, '--settings', settings.path, listen='0.0.0.0')
    settings.write(f'token={SECOND}\nport=many')
    hang_up(node, 'the settings stay as they were')
    assert is_owner(node, FIRST) and not is_owner(node, SECOND)


def test_a_secret_that_others_can_read_is_warned_of(network, settings):
    settings.write(f'token={FIRST}')
    careful = network.node('a', None, (), None, '--settings', settings.path)
    settings.write(f'token={FIRST}', 0o644)
    careless = network.node('b', None, (), None, '--settings', settings.path)
    key = network.folder / 'state-c' / 'key.pem'
    network.node('c').end()
    key.chmod(0o640)
    astral.wait_until(lambda: f'{settings.path} holds a secret' in careless.output, 'the warning')
    astral.wait_until(lambda node=network.node('c'): f'{key} holds a secret' in node.output, 'the warning')
    assert 'holds a secret' not in careful.output
    settings.write('max-children=3', 0o644)
    assert 'holds a secret' not in network.node('d', None, (), None, '--settings', settings.path).output


def test_a_node_in_the_background_keeps_a_log(network):
    state = network.folder / 'state'
    log = state / 'log'
    argv = [astral.program('astralnode'), '-D', '--uuid', 'n', '--port', '0', '--rtmp-port', '0', '--listen', '127.0.0.1', '--state-dir', 'state']
    subprocess.run([str(a) for a in argv], cwd=network.folder, env=network.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                   check=True, timeout=60 * astral.PATIENCE)
    pid = int((state / 'lock').read_text().split('process ')[1])
    try:
        os.kill(pid, signal.SIGHUP)
        astral.wait_until(lambda: 'settings were read again' in log.read_text(), 'the log')
        assert log.stat().st_mode & 0o777 == 0o600
        log.rename(state / 'old')
        os.kill(pid, signal.SIGHUP)
        astral.wait_until(lambda: log.exists() and 'settings were read again' in log.read_text(), 'the new log')
    finally:
        os.kill(pid, signal.SIGTERM)
    astral.wait_until(lambda: not os.path.exists(f'/proc/{pid}'), 'the node to end')


def test_an_origin_goes_on(network):
    origin = network.origin()
    origin.popen.send_signal(signal.SIGHUP)
    assert origin.get('/streams') == {'streams': []}
    assert origin.running()

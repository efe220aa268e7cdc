# SPDX-License-Identifier: BSD-3-Clause
"""Two nodes publish under the same name, and no origin says whose it is. A node keeps the name for the stream that it met first. The other one is
another stream there, with a warning, and both can be watched at once."""
import socket
import threading

import pytest

import astral
import media


class Door:
    """A way to a node that opens later: two networks begin as strangers, and meet."""

    def __init__(self):
        self.port = astral.free_port()
        self.public_url = f'http://127.0.0.1:{self.port}'
        self.listener = None

    def open(self, node):
        self.listener = socket.create_server(('127.0.0.1', self.port))
        threading.Thread(target=self._let_in, args=(node.port,), daemon=True).start()

    def _let_in(self, port):
        while True:
            try:
                guest, _ = self.listener.accept()
                host = socket.create_connection(('127.0.0.1', port))
            except OSError:
                return
            for one, other in (guest, host), (host, guest):
                threading.Thread(target=carry, args=(one, other), daemon=True).start()

    def close(self):
        if self.listener:
            self.listener.close()


def carry(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def two(network):
    door = Door()
    first = network.node('first')
    viewer = network.node('viewer', bootstrap=[first])
    recordings = [network.folder / 'first.ts', network.folder / 'second.ts']
    publish(network, first, recordings[0])
    astral.wait_until(lambda: (viewer.stream('talk') or {}).get('streaming'), 'the first stream')
    second = network.node('second', bootstrap=[door])
    publish(network, second, recordings[1])
    door.open(first)
    astral.wait_until(lambda: rival(viewer), 'the second stream at the viewer', 60)
    yield first, second, viewer, recordings
    door.close()


def publish(network, node, recording):
    media.publish_test_picture(network, node, 'talk', record=recording)
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming') and node.stream('talk')['source'] == node.label, 'it to be published')


def rival(node):
    return next((s for s in node.get('/streams')['streams'] if s['slug'].startswith('talk~')), None)


def test_both_streams_of_a_name_can_be_watched(network, two):
    first, second, viewer, recordings = two
    other = rival(viewer)
    keys = [node.stream('talk')['fingerprint'] for node in (first, second)]
    assert (other['source'], other['slug'], other['fingerprint']) == ('second', f'talk~{keys[1][:4]}', keys[1])
    assert viewer.stream('talk')['source'] == 'first'
    assert 'another stream claims this name' in ' '.join(viewer.stream('talk')['warnings'])
    assert 'knew another stream of this name first: talk of node' in ' '.join(viewer.stream(other['slug'])['warnings'])
    assert other['slug'] in network.ctl(viewer, 'liststreams').stdout

    # By name, and by slug and key.
    views = [(name, recording) for names, recording in ((('talk', f'talk?key={keys[0]}'), recordings[0]), ((other['slug'], f'talk?key={keys[1]}'), recordings[1]))
             for name in names]
    received = [(media.view(network, viewer, name)[1], recording) for name, recording in views]
    for got, recording in received:
        media.grows(got, 300_000)
        media.grows(recording, 64 * 1024)
        media.assert_exact(got, recording, 65536)
    assert viewer.ticket('talk')['source'] == 'first' and viewer.ticket(other['slug'])['source'] == 'second'
    assert {ticket['stream'] for ticket in second.tickets()} == {'talk'}  # as the viewer's node is its child, it knows the stream by its slug
    assert not viewer.get('/node')['node'].get('forgers')
    assert viewer.call('GET', f'/stream/{other["slug"]}/hls/index.m3u8').status in (200, 302, 303)
    watched = network.ctl(viewer, 'watch', other['slug'])
    assert watched.returncode == 0, watched.stderr

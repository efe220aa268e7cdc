# SPDX-License-Identifier: BSD-3-Clause
"""astralctl against a real node: exit status, what people read, what scripts read."""
import json
import os
import subprocess

import astral
import media


def test_every_command(network):
    node = network.node('n1')

    def ctl(*words, status=0):
        done = network.ctl(node, *words)
        assert done.returncode == status, (words, done.stdout, done.stderr)
        assert (done.stderr == '') == (status == 0), done.stderr
        return done.stdout if status == 0 else done.stderr

    created = ctl('stream', 'My Talk', 'About streams')
    assert f'astralsink uri={node.uri("my-talk")}' in created
    assert ctl('liststreams').splitlines()[1].split()[0] == 'my-talk'
    assert json.loads(ctl('--json', '-ls'))['streams'][0]['description'] == 'About streams'
    assert 'n1' in ctl('-ln')
    assert json.loads(ctl('--json', 'listtickets')) == {'tickets': []}
    assert ctl('streamurl', 'my-talk') == f'{node.url}/stream/my-talk/hls/index.m3u8\n'
    assert json.loads(ctl('--json', '-su', 'my-talk')) == {'url': f'{node.url}/stream/my-talk/hls/index.m3u8'}
    assert '(404)' in ctl('streamurl', 'nope', status=1)
    assert '(404)' in ctl('watch', 'nope', status=1)
    assert '(409)' in ctl('revoketicket', 'my-talk', status=1)  # it is published here
    assert '(404)' in ctl('deletenode', 'nobody', status=1)
    assert 'unknown command' in ctl('frob', status=2)
    assert ctl('shutdown') == 'shut down\n'
    assert node.wait() == 0
    assert 'Could not connect' in ctl('-ln', status=1)


def test_watch_and_revoke(network):
    publisher, viewer = network.node('p'), None
    media.publish_test_picture(network, publisher, 'talk')
    astral.wait_until(lambda: (publisher.stream('talk') or {}).get('streaming'), 'the stream to be live')
    viewer = network.node('v', bootstrap=[publisher])
    astral.wait_until(lambda: viewer.stream('talk'), 'the viewer to know the stream')
    row = network.ctl(viewer, 'watch', 'talk')
    assert row.returncode == 0 and row.stdout.splitlines()[1].split()[:2] == ['talk', 'p'], row
    assert len(json.loads(network.ctl(viewer, '--json', '-lt').stdout)['tickets']) == 1
    assert network.ctl(viewer, 'revoketicket', 'talk').returncode == 0
    astral.wait_until(lambda: not viewer.tickets() and not any(t['destination'] == 'v' for t in publisher.tickets()),
                      'both ends to be without the ticket')


def test_without_a_node():
    done = subprocess.run([astral.program('astralctl'), '--help'], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and 'Exit status' in done.stdout
    with open('/dev/full', 'w') as full:
        assert subprocess.run([astral.program('astralctl'), '--help'], stdout=full, timeout=20).returncode == 1
    done = subprocess.run([astral.program('astralctl'), '--node', 'http://127.0.0.1:1', '-ln'], capture_output=True,
                          text=True, timeout=20, env=dict(os.environ, http_proxy='http://127.0.0.1:2'))
    assert done.returncode == 1 and 'no answer from http://127.0.0.1:1' in done.stderr

# SPDX-License-Identifier: BSD-3-Clause
"""astralctl against a real node: its exit status, its text for people and its JSON for scripts."""
import http.server
import json
import os
import re
import subprocess
import threading

import astral
import media


def test_every_command_does_what_it_says(network):
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
    assert json.loads(ctl('--json', 'listtickets')) == {'tickets': [], 'count': 0}
    assert ctl('streamurl', 'my-talk') == f'{node.url}/stream/my-talk/hls/index.m3u8\n'
    assert json.loads(ctl('--json', '-su', 'my-talk')) == {'url': f'{node.url}/stream/my-talk/hls/index.m3u8'}
    assert '(404)' in ctl('streamurl', 'nope', status=1)
    assert '(404)' in ctl('watch', 'nope', status=1)
    assert "'astralctl pause SLUG' stops sending it" in ctl('stop', 'my-talk', status=1)  # it is published here
    assert '(409)' in ctl('revoketicket', 'my-talk', status=1)
    assert ctl('pause', 'my-talk') == 'my-talk paused\n' and ctl('resume', 'my-talk') == 'my-talk resumed\n'
    assert '(404)' in ctl('pause', 'nope', status=1) and '(404)' in ctl('stop', 'nope', status=1)
    assert ctl('delete', 'my-talk') == 'my-talk deleted\n' and node.stream('my-talk') is None
    assert '(404)' in ctl('deletenode', 'nobody', status=1)
    ctl('seed', 'my-talk', 'nobody', status=1)
    assert ctl('createfakenode', '3') == '3 fake nodes registered\n'
    made_up = [json.loads(line)['node'] for line in ctl('--json', '-cn', '2').splitlines()]
    assert [(one['ip_address'], one['port']) for one in made_up] == [('127.0.0.1', 1)] * 2
    assert len({one['uuid'] for one in made_up}) == 2
    assert 'unknown command' in ctl('frob', status=2)
    assert ctl('shutdown') == 'shut down\n'
    assert node.wait() == 0
    said = ctl('-ln', status=1)
    assert 'Could not connect' in said and 'is astralnode running there?' in said


def test_watch_gets_a_ticket_and_stop_gives_it_up(network):
    publisher, viewer = network.node('p'), None
    media.publish_test_picture(network, publisher, 'talk')
    astral.wait_until(lambda: (publisher.stream('talk') or {}).get('streaming'), 'the stream to be live')
    viewer = network.node('v', bootstrap=[publisher])
    astral.wait_until(lambda: viewer.stream('talk'), 'the viewer to know the stream')
    row = network.ctl(viewer, 'watch', 'talk')
    assert row.returncode == 0 and row.stdout.splitlines()[1].split()[:2] == ['talk', 'p'], row
    assert len(json.loads(network.ctl(viewer, '--json', '-lt').stdout)['tickets']) == 1
    shown = network.ctl(viewer, 'top').stdout
    assert re.search(r'^talk +live +\S+ +\d+ +p +', shown, re.M), shown
    assert re.search(r'^talk +active +confirmed +1 +\S+ +p +this node$', shown, re.M), shown
    assert re.search(r'^p +127\.0\.0\.1:', shown, re.M), shown
    assert re.search(r' a publisher +this node$', network.ctl(publisher, 'top').stdout, re.M)
    assert network.ctl(viewer, 'stop', 'talk').stdout == 'stopped watching talk\n'
    astral.wait_until(lambda: not viewer.tickets() and not any(t['destination'] == 'v' for t in publisher.tickets()),
                      'both ends to be without the ticket')


class Recorder:
    """A fake node: gives the same answer to every request, and records the requests."""

    def __init__(self, status, body=b'{}', **headers):
        self.requests = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                recorder.requests.append((self.command, self.path, self.headers['authorization']))
                self.send_response(status if self.command == 'POST' else 200)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header('content-length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def ctl_at(url, *words, **env):
    return subprocess.run([astral.program('astralctl'), '--node', url, *words], capture_output=True, text=True,
                          timeout=20, env=dict(os.environ, **env))


def test_the_token_is_sent_with_every_request():
    with Recorder(200, b'{"nodes":[]}') as node:
        assert ctl_at(node.url, '-ln').returncode == 0
        assert ctl_at(node.url, '-ln', ASTRAL_TOKEN='from-environment').returncode == 0
        assert ctl_at(node.url, '-ln', '--token', 'option', ASTRAL_TOKEN='from-environment').returncode == 0
        assert ctl_at(node.url, 'top', '--token=option').returncode == 1  # the answer is not a node's
        assert ctl_at(node.url, '-ln', '--token', 'two words').returncode == 2
        assert [token for _, path, token in node.requests if path == '/nodes'] == [
            None, 'Bearer from-environment', 'Bearer option', 'Bearer option']
        assert {token for _, path, token in node.requests if path == '/node'} == {'Bearer option'}


def test_a_redirect_to_another_server_is_not_followed():
    ticket = b'{"ticket":{"stream":"talk","source":"p"}}'
    with Recorder(200) as elsewhere:
        for location in (elsewhere.url + '/stream/talk/ticket', elsewhere.url.removeprefix('http:') + '/x'):
            with Recorder(303, ticket, location=location) as node:
                done = ctl_at(node.url, '--token', 'secret', 'watch', 'talk')
                assert done.returncode == 1 and 'answered 303' in done.stderr
        assert elsewhere.requests == []
    with Recorder(303, ticket, location='/stream/talk/ticket') as node:
        assert ctl_at(node.url, '--token', 'secret', 'watch', 'talk').returncode == 0
        assert node.requests == [('POST', '/stream/talk/tickets', 'Bearer secret'),
                                 ('GET', '/stream/talk/ticket', 'Bearer secret')]


def test_an_error_in_a_series_says_how_many_were_done():
    with Recorder(503) as node:
        done = ctl_at(node.url, 'createfakenode', '3')
        assert done.returncode == 1 and done.stderr == 'astralctl: the node answered 503; 0 of 3 done\n'
        assert len(node.requests) == 1


def test_help_needs_no_node_and_a_missing_node_is_named():
    done = subprocess.run([astral.program('astralctl'), '--help'], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and 'Exit status' in done.stdout
    with open('/dev/full', 'w') as full:
        assert subprocess.run([astral.program('astralctl'), '--help'], stdout=full, timeout=20).returncode == 1
    done = subprocess.run([astral.program('astralctl'), '--node', 'http://127.0.0.1:1', '-ln'], capture_output=True,
                          text=True, timeout=20, env=dict(os.environ, http_proxy='http://127.0.0.1:2'))
    assert done.returncode == 1 and 'no answer from http://127.0.0.1:1' in done.stderr
